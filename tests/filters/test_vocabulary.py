import gzip
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import DATA
from filters import judge
from filters.vocabulary import MAX_WORD, Vocabulary

Lists = Callable[..., Vocabulary]


@pytest.fixture
def only(tmp_path: Path) -> Lists:
    """A rule with nothing but these lines of a list."""

    def rule(*lines: str, **settings: object) -> Vocabulary:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.txt"
        path.write_text("\n".join(lines), encoding="utf-8")
        return Vocabulary(words=(str(path),), own=False, **settings)  # type: ignore[arg-type]

    return rule


def words(rule: Vocabulary, text: str) -> list[str]:
    return [word for _, _, word, _ in rule.hits(text)]


def reasons(rule: Vocabulary, *texts: str | None) -> list[str | None]:
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": pa.nulls(len(texts), pa.string())})
    found: list[str | None] = judge(rule, batch).reason.to_pylist()
    return found


def scores(rule: Vocabulary, text: str | None) -> dict[str, float | None]:
    found = rule.measure(pa.record_batch({"text": pa.array([text], pa.string())}))
    assert all(column.type == pa.float64() for column in found.values())
    return {name: column[0].as_py() for name, column in found.items()}


# What other lists of Japanese words are known to find where it is not.
OTHERS = (
    "セックス",
    "スケ",
    "アス",
    "性感",
    "性的",
    "爆弾",
    "エロ",
    "アナル",
    "ックス",
    "土人",
    "女",
    "レズ",
    "めくら",
    "サド",
)


@pytest.mark.parametrize(
    "text",
    [
        "リュックサックを買った。",
        "スケジューラーとスケッチとタスケ。",
        "アスパラガスとマスアスマス。",
        "性感染症の検査",
        "両性的な",
        "エロティシズム、ピエロ、エロー",
        "アナログとカナルとアナルー",
        "ボックスとデラックス、ックスー",
        "蒙古土人形",
        "少女と女性",
        "レズリー・ニールセン",
        "サドルとアサドとサドー",
        "ｽｹｼﾞｭｰﾙとﾎﾞｯｸｽとｻﾄﾞﾙ",
    ],
)
def test_parts_of_longer_words_are_no_words(only: Lists, text: str) -> None:
    assert words(only(*OTHERS), text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("セックスと、エロ。", ["セックス", "エロ"]),
        ("エロ・アナル", ["エロ", "アナル"]),
        ("爆弾を運ぶ", ["爆弾"]),
        ("めくらめくら", ["めくら", "めくら"]),
        ("女がいた", ["女"]),
        ("(エロ)エロ\nエロ", ["エロ"] * 3),
        ("ｴﾛとｾｯｸｽとｻﾄﾞ", ["エロ", "セックス", "サド"]),
        ("サト\u3099は", ["サド"]),
        ("エロ本", ["エロ"]),
    ],
)
def test_words_by_themselves_are_found(only: Lists, text: str, found: list[str]) -> None:
    assert words(only(*OTHERS), text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Scunthorpe, Essex, Sussex and Middlesex",
        "We assess the bass, class, pass and assassin; a cockpit, a peacock.",
        "Dickens, titles, sextet, therapist, analysis, analog, cumulative, Cummings",
        "as\u0301s ássex éass assé ass1 1ass ассass",
    ],
)
def test_letters_go_on(only: Lists, text: str) -> None:
    rule = only("sex", "ass", "cunt", "cock", "dick", "tit", "tits", "rapist", "anal", "cum", "hit")
    assert words(rule, text) == []
    assert words(rule, "An ASS, ｓｅｘ; (Tits) sex's \U0001d4c8\U0001d4ee\U0001d4cd") == [
        "ass",
        "sex",
        "tits",
        "sex",
        "sex",
    ]


def test_the_longest_entry_counts(only: Lists) -> None:
    rule = only("deep", "deep web", "爆弾", "爆弾おにぎり\t-", "性的", "性的少数者\t-")
    assert words(rule, "deep web deep\u3000\n web, deep Webb") == ["deep web", "deep web", "deep"]
    assert words(rule, "爆弾おにぎりと爆弾、性的少数者が性的に") == ["爆弾", "性的"]


def test_listed_words_may_go_on_after_each_other(only: Lists) -> None:
    rule = only("無修正", "熟女", "エロ", "動画\t-", "アニメ\t-", "無料\t-", "porn", "tube")
    assert words(rule, "無料無修正熟女動画 エロアニメ動画 porntube") == ["無修正", "熟女", "エロ", "porn", "tube"]
    assert words(rule, "無修正稿 無修正動画家 熟女優 エロアニメーター porntubes 美熟女") == []


def test_spans_are_those_of_the_text(only: Lists) -> None:
    rule = only("ガバ", "deep", "deep web", "x")
    text = "\U0001f600 ｶﾞﾊﾞ、カ\u3099ハ\u3099 DEEP \u3000\r\nＷｅｂ  x ｶﾞﾊﾞ"
    assert [(text[start:end], word) for start, end, word, _ in rule.hits(text)] == [
        ("ｶﾞﾊﾞ", "ガバ"),
        ("カ\u3099ハ\u3099", "ガバ"),
        ("DEEP \u3000\r\nＷｅｂ", "deep web"),
        ("x", "x"),
        ("ｶﾞﾊﾞ", "ガバ"),
    ]
    assert [hit[0] for hit in rule.hits("x " * 1000)] == list(range(0, 2000, 2))


def test_lists(only: Lists, tmp_path: Path) -> None:
    rule = only("\ufeffone", "", "# a list", "ＴＷＯ\tcolours # of a kind", " three ", "four\t-")
    assert rule.hits("one two three four") == [
        (0, 3, "one", "other"),
        (4, 7, "two", "colours"),
        (8, 13, "three", "other"),
    ]
    assert list(scores(rule, "")) == [
        "vocabulary.colours", "vocabulary.colours_density", "vocabulary.other", "vocabulary.other_density"
    ]  # fmt: skip
    (tmp_path / "later.txt").write_text("one\t-\nthree\tcolours\n巨乳\t-\n", encoding="utf-8")
    both = Vocabulary(words=(*rule.words, str(tmp_path / "later.txt")))
    assert [hit[2:] for hit in both.hits("one two three 巨乳 熟女")] == [
        ("two", "colours"), ("three", "colours"), ("熟女", "adult")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "codec can't decode"),
        (b"a\tAdult", "line 1: a category .* not 'Adult'"),
        (b"a\n" + b"b" * (MAX_WORD + 1), "line 2: a word of more than 64 characters"),
        (None, "No such file or directory"),
    ],
)
def test_lists_that_cannot_be_read_are_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"\A{path}: [^\n]*{message}[^\n]*\Z"):
        Vocabulary(words=(str(path),)).hits("")
    if content is None:
        with pytest.raises(ValueError, match=rf"\A{path}: {message}\Z"):
            Vocabulary(words=(str(path),)).digests()


def test_scores_count_each_word_once(only: Lists) -> None:
    rule = only("one", "two words", "red\tcolours", window=20)
    assert scores(rule, "one ONE two  words one xxxx") == {
        "vocabulary.colours": 0,
        "vocabulary.colours_density": 0,
        "vocabulary.other": 2,
        "vocabulary.other_density": 17 / 21,
    }
    assert set(scores(rule, None).values()) == {None}
    assert set(scores(rule, "").values()) == {0}


def test_words_count_among_so_many_characters(only: Lists) -> None:
    far = "a" + " " * 9 + "b" + " " * 9 + "c"
    assert [scores(only("a", "b", "c", window=w), far)["vocabulary.other"] for w in (1, 10, 11, 20, 21)] == [
        1,
        1,
        2,
        2,
        3,
    ]


def test_limits(only: Lists) -> None:
    lines = ["a1\tadult", "a2\tadult", "v1\tviolence", "d1\tdiscrimination", "o1\tmine", "o2\tmine"]
    off: dict[str, object] = dict.fromkeys(
        ("max_adult", "max_violence", "max_discrimination", "max_other", "max_density")
    )
    texts = ["a1 a1", "a1 a2", "v1", "d1", "o1", "o1 o2", None]
    assert reasons(only(*lines, **off), *texts) == [None] * 7
    limits: dict[str, object] = {"max_adult": 1, "max_violence": 0, "max_discrimination": 0, "max_other": 1}
    assert reasons(only(*lines, **off | limits), *texts) == [
        None, "vocabulary_adult", "vocabulary_violence", "vocabulary_discrimination", None, "vocabulary_mine", None
    ]  # fmt: skip
    dense = only(*lines, **off | {"max_density": 0.5})
    assert reasons(dense, "a1 xx", "a1 x", "o1 x") == [None, "vocabulary_adult_density", "vocabulary_mine_density"]


@pytest.mark.parametrize(
    "settings",
    [
        {"max_adult": -1},
        {"max_violence": -1},
        {"max_discrimination": -1},
        {"max_other": -1},
        {"max_density": 1.5},
        {"window": 0},
    ],
)
def test_impossible_settings_name_their_field(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(settings))}: "):
        Vocabulary(**settings)  # type: ignore[arg-type]


def test_digests_are_those_of_the_lists(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("a")
    rule = Vocabulary(words=(str(path),))
    before = rule.digests()
    path.write_text("b")
    assert list(before) == ["filters/words/ja.txt", "filters/words/en.txt", str(path)]
    assert [name for name, digest in rule.digests().items() if digest != before[name]] == [str(path)]


def test_our_lists_are_in_order() -> None:
    for name in ("ja", "en"):
        path = Path(__file__).parents[2] / f"filters/words/{name}.txt"
        entries = [
            line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#")
        ]
        assert {category for _, category in entries} == {"adult", "violence", "discrimination", "-"}
        assert len({word for word, _ in entries}) == len(entries)
        for word, category in entries:
            assert [hit[2:] for hit in Vocabulary().hits(word)] == (
                [] if category == "-" else [(word.lower(), category)]
            )


# Of our own writing: what such pages are like, put mildly.
SPAM = {
    "vocabulary_adult": [
        "【無料】無修正動画が見放題！巨乳人妻のハメ撮り、熟女の中出し、素人ナンパなど人気のエロ動画を毎日更新。今す"
        "ぐ登録して最新の作品をチェックしてください。スマホでもパソコンでも高画質で楽しめます。",
        "当店はデリヘル嬢が多数在籍。痴女コースや手コキコース、素股、即尺など、オプションも充実しています。電話一本"
        "でお伺いします。初めての方にはアダルトビデオのような体験をお約束します。ﾌｪﾗもOK。",
        "Watch free porn and xxx videos every day! Busty MILFs, horny camgirls, wild gangbangs and the best blowjob "
        "scenes, all in HD and without any registration. New clips are added every hour, so come back soon.",
        "hot teens , barely legal , ＣＲＥＡＭＰＩＥ , big tits , sex chat , hookup tonight , free signup , no "
        "credit card",
    ],
    "vocabulary_violence": [
        "閲覧注意のグロ動画まとめ。グロ画像、死体画像、斬首動画、拷問動画、スナッフフィルムまで、どこよりも早く掲載"
        "。リョナ好きにもおすすめ。広告をクリックして応援してください。毎日たくさんの新しい記事を追加しています。",
        "お前みたいなやつは死ねよ。氏ねよ。ぶっ殺すからな。家に行ってぶち殺す。さっさと首吊れ。殺すぞ。二度と書き込"
        "むな。",
        "Uncensored gore videos, beheading videos, snuff films and execution videos. Also rape porn, torture porn "
        "and crush videos for members. Subscribe now and share the link with your friends to get a month for free.",
    ],
    "vocabulary_discrimination": [
        "チョン公もシナ畜も糞外人も日本から消えろ。劣等民族は寄生民族だ。ヒトモドキを追い出せ。移民は出て行け。",
        "Niggers, kikes, spics, gooks and ragheads do not belong here. Every race traitor who lets them in will pay "
        "for it, and the same goes for the wetbacks and all of their friends who write in the papers.",
    ],
}


@pytest.mark.parametrize(("reason", "text"), [(reason, text) for reason, texts in SPAM.items() for text in texts])
def test_spam_goes(reason: str, text: str) -> None:
    assert reasons(Vocabulary(), text) == [reason]


# Of our own writing too: what a page may well speak of.
SERIOUS = [
    # medicine
    "性感染症は、性行為によって感染する病気の総称です。クラミジア、淋菌、梅毒、性器ヘルペス、尖圭コンジローマなどが"
    "あり、腟性交だけでなくオーラルセックスやアナルセックスでも感染します。陰茎や腟、肛門に症状が出ることもあれば、"
    "無症状のこともあります。コンドームの使用が予防に有効です。射精障害や勃起不全についても、泌尿器科に相談してくだ"
    "さい。フェラチオでのどに感染する例もあります。",
    "Anal sex, oral sex (fellatio or cunnilingus) and vaginal intercourse may transmit HIV. Use condoms. The penis, "
    "the vagina, the rectum and the throat may be infected; semen and blood carry the virus. Masturbation carries "
    "no risk. Sex toys such as dildos should be washed. Victims of rape or sexual assault should see a physician "
    "within 72 hours.",
    # teaching
    "思春期になると、男子には射精、女子には月経が始まります。オナニー（自慰）は自然なことで、体に害はありません。お"
    "っぱいが膨らみ、陰毛が生えます。セックスには妊娠や性感染症の可能性があり、互いの同意が必要です。アダルトビデオ"
    "は作り物で、手本にはなりません。性的少数者についても学びましょう。童貞や処女であることを笑うのはやめましょう。",
    # law and news
    "児童買春、児童ポルノに係る行為等の規制及び処罰並びに児童の保護等に関する法律は、児童ポルノの製造、提供、所持を"
    "処罰する。刑法は不同意性交等罪、不同意わいせつ罪、強制わいせつ致傷罪、わいせつ物頒布等罪を定める。いわゆる裏ビ"
    "デオや無修正のアダルトビデオの販売はわいせつ物頒布等罪に当たる。盗撮は性的姿態等撮影罪となる。",
    "ＡＶ出演被害防止・救済法が施行されて一年。ＡＶ女優やアダルトビデオの制作会社からは、撮影までの期間が長すぎると"
    "の声が上がる。一方、被害者の支援団体は、素人をだまして出演させる手口が続いていると訴える。アダルトサイトでの無"
    "断配信の削除も課題だ。風俗店で働く女性の相談も増えている。",
    "男は「殺すぞ」などと脅し、現金を奪って逃走した。被害者は胸を刺されて死亡し、遺体は切断されていた。警察は強盗殺"
    "人と死体遺棄の疑いで捜査している。男は過去にも強姦と暴行で服役していた。ネット上には「死ねよ」「ぶっ殺す」とい"
    "った書き込みも残されていた。",
    "The accused wrote that he would kill them all. Two women had been raped and strangled, their bodies burnt and "
    "beheaded. Police found child pornography on his computer, including rape videos, and a note that read: I will "
    "kill you. The jury saw footage of the massacre, the torture and the execution. He was sentenced to death for "
    "murder.",
    # history and the study of hate
    "虐殺、拷問、処刑、強姦、略奪が行われ、多くの捕虜が斬首された。関東大震災では「不逞鮮人」の流言により朝鮮人が虐"
    "殺された。当時の新聞は中国人をチャンコロと呼び、占領地の住民を土人と呼んだ。人種差別、奴隷制、優生思想、劣等人"
    "種という考えは、こうして広まった。",
    "ヘイトスピーチ解消法は、本邦外出身者に対する不当な差別的言動を対象とする。デモでは「在日は出て行け」「朝鮮人を"
    "殺せ」などの言葉が叫ばれ、裁判所はこれを違法とした。ネット上ではガイジ、シナ、チョンといった蔑称も問題となって"
    "いる。部落、障害者、同性愛者、アイヌへの差別も同じである。",
    "The slur nigger comes from the Latin for black. Huckleberry Finn uses nigger 219 times. Other slurs, such as "
    "kike, spic or faggot, have been studied by linguists, who ask how targets reclaim them. The Holocaust, "
    "lynchings, apartheid, white supremacy and antisemitism are treated in later chapters, as is the N-word in "
    "hip-hop.",
    # literature and everyday life
    "人妻の身で、と彼女は思った。淫乱な女と呼ばれてもよい。男は肩を抱き、乳房に手を伸ばした。女は喘ぎ、やがて絶頂に"
    "達した。夜が明けると二人は心中するつもりであった。「殺してやる」と夫は叫び、刀を抜いて血まみれの女を見た。",
    "Call me a slut, call me a whore, she said; I have been horny all my life. Her breasts were bare, her nipples "
    "hard. He fucked her on the floor like a bitch in heat, and the cock crew. Shit, he thought, damn it all to "
    "hell, you bastard.",
    "ぶっかけうどんと爆弾おにぎりを食べ、ごっくん期の離乳食を作った。リュックサックを背負ってピエロの人形を見に行く"
    "。フェラーリが走る。",
    "The great tit, the blue tit and the booby, the cock and the peacock, pussy willow and a pussy cat; Dick "
    "Cheney, Moby-Dick, Sussex, Essex, Scunthorpe, Penistone, Cockermouth and Fucking in Austria; chinks in the "
    "armour, a spick and span kitchen.",
]


@pytest.mark.parametrize("text", SERIOUS)
def test_serious_text_stays(text: str) -> None:
    assert reasons(Vocabulary(), text) == [None]


def greedy(text: str, listed: set[str]) -> list[str]:
    """By hand, for words of letters alone: each run of letters must be made of listed words from end to end."""
    found = []
    for run in re.findall("[ab]+", text):
        at, pieces = 0, list[str]()
        while at < len(run):
            ends = [end for end in range(len(run), at, -1) if run[at:end] in listed]
            if not ends:
                pieces = []
                break
            pieces.append(run[at : ends[0]])
            at = ends[0]
        found += pieces
    return found


@given(st.sets(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=8), st.text("ab ", max_size=30))
def test_as_by_hand(tmp_path_factory: pytest.TempPathFactory, listed: set[str], text: str) -> None:
    path = tmp_path_factory.mktemp("words") / "list.txt"
    path.write_text("\n".join(sorted(listed)))
    rule = Vocabulary(words=(str(path),), own=False)
    found = rule.hits(text)
    assert [text[start:end] for start, end, _, _ in found] == [word for _, _, word, _ in found] == greedy(text, listed)


PIECES = st.sampled_from(
    [
        "巨乳",
        "動画",
        "エロ",
        "ｴﾛ",
        "ー",
        "porn",
        "ＰＯＲＮ",
        " ",
        "\u3000",
        "の",
        "家",
        "s",
        "゙",
        "\u3099",
        "\ud800",
        "𠮷",
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join))
def test_hits_are_in_order_apart_and_as_told(text: str) -> None:
    at = 0
    for start, end, word, _ in Vocabulary().hits(text):
        assert at <= start < end <= len(text)
        assert [hit[2] for hit in Vocabulary().hits(text[start:end])] == [word]
        at = end
    measured = Vocabulary()._measures(text)
    assert all(value >= 0 for value in measured)
    assert all(density <= 1 for density in measured[1::2])


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "動画",
        "巨乳",
        "巨乳 ",
        "フェラ",
        "フェラ ",
        " ",
        "゙",
        "\0",
        "i will kill ",
        "ちんち",
        "\u0301",
        "go kill yourself ",
    ],
)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    rule = Vocabulary()
    text = piece * (2_000_000 // len(piece)) + "東"
    rule._measures(piece)
    began = time.process_time()
    rule._measures(text)
    assert time.process_time() - began < 3


@pytest.mark.skipif(not DATA.is_dir(), reason="shared data not here")
def test_trial_texts_stay() -> None:
    with gzip.open(DATA / "eval/neardup/versions/docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    texts += [path.read_text(encoding="cp932", errors="replace") for path in sorted(DATA.glob("academic/aozora/*.txt"))]
    texts += [path.read_text(encoding="utf-8") for path in sorted(DATA.glob("academic/plain-ja/*.txt"))]
    articles = [path.read_text(encoding="utf-8") for path in sorted(DATA.glob("academic/jats/**/*.xml"))]
    texts += [re.sub("<[^>]*>", " ", article) for article in articles]
    assert len(texts) > 1500
    assert [text[:40] for text, reason in zip(texts, reasons(Vocabulary(), *texts)) if reason] == []
