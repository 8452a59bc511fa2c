import gzip
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import Editor
from filters.boilerplate import Boilerplate
from pipelines.edits import replaced

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not on this machine")
JUDGED = Path(__file__).parents[1] / "quality" / "judgement.jsonl"

JA = [
    f"{what}は、町の図書館で借りた本に出てくる話である。{n}番目の棚にあった。"
    for n, what in enumerate("猫犬馬牛鳥魚山川海空森道駅橋村", 1)
]
EN = [f"The {what} was in a book that I had borrowed from the library in town." for what in "abcdefghijklmnopqrst"]
PROSE = "\n".join(JA)
ENGLISH = "\n".join(EN)


def left(text: str, lang: str | None = "ja") -> str:
    return replaced(text, Boilerplate().edits(text, lang))


def test_it_is_an_editor() -> None:
    assert isinstance(Boilerplate(), Editor)
    with pytest.raises(ValueError, match=r"^tail: .*-1"):
        Boilerplate(tail=-1)


class TestWhatGoes:
    @pytest.mark.parametrize(
        "line",
        [
            "ホーム > 製品情報 > 薄型キーボード",
            "HOME ＞ イベント ＞ セミナー ＞ 2019年秋",
            "トップページ › 採用情報",
            "現在位置：ホーム > 市政 > 広報",
            "Home » Blog » Gardening",
            "You are here: Home > Garden > Roses",
            "Skip to content",
            "本文へスキップ",
            "ツイート シェア はてなブックマーク Pocket",
            "Facebook\nTwitter\nLINE",
            "Share | Tweet | Email",
            "この記事をシェアする",
            "最終更新日：2024年3月1日",
            "Last updated on 3 May 2021",
            "Available Languages: en | ja | pt-br",
            "翻訳済み言語: en | ja",
            "モジュール | ディレクティブ | FAQ | 用語 | サイトマップ",
            "Navigation\nindex\nmodules\n|\nnext\n|\nprevious\n|",
            "| [ << 前の章 ] | [トップ][目次] | [ 次の章 >> ] |",
            "当サイトでは、利便性の向上のためにCookieを使用しています。同意する場合はそのままお進みください。",
            "This website uses cookies.",
            "We use cookies to give you the best experience. Learn more",
            "« 前の記事",
            "Next article →",
            "前のページへ　次のページへ",
            "履歴 編集",
        ],
    )
    def test_in_front_and_behind(self, line: str) -> None:
        for body, lang in ((PROSE, "ja"), (ENGLISH, "en")):
            assert left(f"{line}\n{body}", lang) == body
            assert left(f"{body}\n{line}", lang) == body
            assert left(f"{line}\n\n{body}\n\n{line}\n", lang) == body

    @pytest.mark.parametrize(
        "footer",
        [
            "Copyright © 2001-2024 山田商店 All Rights Reserved.",
            "© 2020 Rose Garden Ltd.",
            "Copyright (c) 1999, 2003 Yamada Taro",
            "Japanese Translation Copyright © 2003 Yamada Taro",
            "当サイトの記事・写真の無断転載を禁じます。",
            "プライバシーポリシー | 利用規約 | お問い合わせ",
            "コメントを残す\nメールアドレスが公開されることはありません。 ※ が付いている欄は必須項目です",
            "Leave a Reply\nYour email address will not be published. Required fields are marked *",
            "Subscribe to our newsletter for more.",
            "メルマガに登録する",
            "関連記事\n犬を飼う\n猫と暮らす\n馬に乗る",
            "Related posts\nHow to grow roses\nTen books about gardens",
            "あわせて読みたい",
        ],
    )
    def test_behind(self, footer: str) -> None:
        for body, lang in ((PROSE, "ja"), (ENGLISH, "en")):
            assert left(f"{body}\n{footer}", lang) == body
            assert left(f"{body}\n{footer}\nCopyright 2020 Yamada", lang) == body

    def test_sure_lines_go_from_the_middle(self) -> None:
        assert left(f"{PROSE}\n{PROSE}\nページトップへ戻る\n\n{PROSE}\n{PROSE}") == "\n".join([PROSE] * 4)
        assert left(f"{ENGLISH}\n{ENGLISH}\n↑ Back to top\n{ENGLISH}\n{ENGLISH}", "en") == "\n".join([ENGLISH] * 4)

    def test_marks_behind_headings(self) -> None:
        assert left(f"機能概要¶\n{PROSE}\n歴史[編集]\n{PROSE}") == f"機能概要\n{PROSE}\n歴史\n{PROSE}"
        assert Boilerplate().edits("Overview¶\nRoses are old.", "en") == [(8, 9, "")]

    def test_spans(self) -> None:
        assert Boilerplate().edits(f"Skip to content\n\n{PROSE}\n\n© 2020 Yamada\n", "ja") == [
            (0, 17, ""),
            (17 + len(PROSE), 17 + len(PROSE) + 16, ""),
        ]

    def test_a_page_of_nothing_else(self) -> None:
        assert left("Skip to content\nHome > Garden > Roses\n© 2020 Yamada", "en") == ""

    def test_other_languages_stay(self) -> None:
        assert (
            left("Skip to content\nBonjour", "fr")
            == left("Skip to content\nBonjour", None)
            == "Skip to content\nBonjour"
        )

    def test_zones(self) -> None:
        none = Boilerplate(head=0, tail=0)
        assert none.edits(f"ホーム > 製品 > 机\n{PROSE}\n© 2020 Yamada", "ja") == []
        assert none.edits(f"Skip to content\n{PROSE}", "ja") == [(0, 16, "")]


KEPT = [
    "Cookieとは、ウェブサイトが利用者の端末に保存する小さなデータのことである。",
    "このサイトの作者はクッキーを焼くのが好きだ。",
    "Cookies are small files that a website stores on your computer.",
    "We baked cookies with the children, and they accept that the policy is one each.",
    "We set cookies on the table.",
    "「次へ」をクリックし、「同意する」を選びます。",
    "次へ",
    "Next",
    "Share",
    "編集",
    "<履歴>",
    "ホーム",
    "プライバシーポリシー",
    "関連項目",
    "See also",
    "ファイル > 開く > 最近使った文書",
    "[ホーム] > [スタイル]を選びます。",
    "if top > 0 then",
    "- Home",
    "- Search\n- History",
    "| Home | 行の先頭へ移る |",
    "| Previous | 前の画面 |",
    "// Copyright 2001 Yamada Taro",
    "# Copyright (c) 2001 Yamada Taro",
    "著作権は、2018年の改正で保護期間が70年となった。",
    "The law of copyright was changed in 1998.",
    "最終更新の仕組みを3章で述べる。",
    "転載を禁じる権利は著者にある。",
    "We get a newsletter every week, and I read it.",
    "The sign ¶ is a pilcrow, and so is this: ¶",
    "段落の終わりには¶を書く。¶",
    "a[edit]b",
    "Next\nNext\nEnd Sub",
    "Languages: go | rust | perl",
    "前の記事で述べたように、次の記事では魚を扱う。",
    "ツイートとは、つぶやきのことである。",
    "トップへ戻るボタンの作り方",
]


class TestWhatStays:
    @pytest.mark.parametrize("line", KEPT)
    def test_text(self, line: str) -> None:
        for body, lang in ((PROSE, "ja"), (ENGLISH, "en")):
            for text in (f"{line}\n{body}", f"{body}\n{line}", f"{body}\n{line}\n{body}", line):
                assert left(text, lang) == text

    @pytest.mark.parametrize(
        "line",
        [
            "ホーム > 製品情報 > 机",
            "Copyright © 2020 Yamada",
            "Facebook Twitter LINE",
            "最終更新日：2024年3月1日",
            "関連記事",
        ],
    )
    def test_what_goes_at_the_edges_stays_in_the_middle(self, line: str) -> None:
        text = "\n".join([PROSE, PROSE, line, PROSE, PROSE])
        assert left(text) == text

    def test_a_list_of_articles_that_is_followed_by_prose(self) -> None:
        text = f"{PROSE}\n関連記事\n犬を飼う\n{JA[0]}"
        assert left(text) == text

    def test_texts_a_reader_would_keep(self) -> None:
        for case in map(json.loads, JUDGED.read_text(encoding="utf-8").splitlines()):
            if case["label"] == "keep":
                assert left(case["text"], case["lang"]) == case["text"], case["id"]


class TestProperties:
    @given(st.text(st.sampled_from("あ。ab \n|>»©2019-")), st.sampled_from(["ja", "en", "fr", None]))
    def test_any_text(self, text: str, lang: str | None) -> None:
        self.check(text, lang)

    @given(
        st.lists(
            st.sampled_from(
                [*KEPT, "Skip to content", "ホーム > 机 > 椅子", "© 2020 A", "前へ", "次へ", "", " ", "|", "x¶"]
            )
        ),
        st.sampled_from(["ja", "en"]),
    )
    def test_any_lines(self, lines: list[str], lang: str) -> None:
        self.check("\n".join(lines), lang)

    @staticmethod
    def check(text: str, lang: str | None) -> None:
        at = 0
        for start, end, put in Boilerplate().edits(text, lang):
            assert at <= start < end <= len(text)
            assert put == ""
            at = end

    @pytest.mark.parametrize(
        "piece",
        [
            "a",
            "copyright ",
            "home > ",
            "> ",
            "[ << ",
            "|",
            "\n",
            "ja | ",
            "関連記事\n",
            "¶\n",
            "cookie ",
            " ",
            "\t",
            "当サイト",
            "2019",
        ],
    )
    def test_long_runs(self, piece: str) -> None:
        begun = time.perf_counter()
        Boilerplate().edits(piece * 200_000, "ja")
        Boilerplate().edits(f"available languages:{piece * 20}\nhome{piece * 20}\ncopyright{piece * 15}", "en")
        assert time.perf_counter() - begun < 10


@needs_data
def test_share_of_real_pages() -> None:
    with gzip.open(DATA / "eval/neardup/versions/docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    before, after = sum(map(len, texts)), sum(len(left(text)) for text in texts)
    assert 0.99 < after / before < 1
