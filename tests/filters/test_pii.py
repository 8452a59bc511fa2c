import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.pii import PII, PLACEHOLDERS, _checks, _luhn, mask

FRAGMENTS = [
    *(
        "taro@example.jp",
        "hanako[at]example.com",
        "git@github.com:a/b.git",
        "03-1234-5678",
        "（０３）１２３４－５６７８",
    ),
    *(
        "+81 90 1234 5678",
        "(212) 555-0123",
        "〒100-0013",
        "東京都千代田区霞が関1-2-3",
        "松山市道後樋又10-1-3",
        "NW1 6XE",
    ),
    *("221B Baker Street, London", "4111 1111 1111 1111", "マイナンバー", "123456789018", "192.31.196.17", "v1.2.3.4"),
    *(
        "2620:4f:8000::17",
        "2001:db8::1",
        "カード",
        "TEL",
        "連絡は",
        "まで",
        "。",
        "、",
        " ",
        "\n",
        "-",
        "0",
        "1",
        "@",
        "a",
    ),
    *("é", "𠮷", "\ud800", "\0", "<|email|>"),
]
texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=12).map("".join)


def masked(text: str, *kinds: str) -> str:
    return mask(text, (PII(kinds=kinds) if kinds else PII()).find(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("連絡はtaro@example.jpまで", "連絡は<|email|>まで"),
        ("連絡はtaro＠example．jpまで", "連絡は<|email|>まで"),
        ("taro [at] example [dot] com", "<|email|>"),
        ("電話０３（１２３４）５６７８、0120ー444ー444", "電話<|phone|>、<|phone|>"),
        ("Tel: +81-3-1234-5678 / (212) 555-0123", "Tel: <|phone|> / <|phone|>"),
        ("〒100-0013\n東京都千代田区霞が関1-2-3に集合", "<|address|>に集合"),
        ("221B Baker Street, London NW1 6XE", "<|address|>"),
        ("カード4111-1111-1111-1111で", "カード<|card|>で"),
        ("マイナンバーは1234 5678 9018", "マイナンバーは<|my_number|>"),
        ("192.31.196.17と2620:4f:8000::17から", "<|ip|>と<|ip|>から"),
    ],
)
def test_each_kind_has_its_placeholder(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "git clone git@github.com:example/repo.git",
        "taro@web01.example.jp:~$ ssh admin@server.example.com",
        "Message-ID: <20240101.ABC@mail.example.com>",
        "doi:10.1016/0012-3456(90)90123-4, ISBN 978-4-12-345678-9, ISSN 0028-0836, arXiv:2301.01234v2",
        "法人番号 7000012050002、特開2003-123456号、昭和55年法律第123号第12条、1,234,567円",
        "2023-01-15 12:34:56, 3.1415926535, d41d8cd98f00b204e9800998ecf8427e, 0000-0002-1825-0097",
        "110番と119番、行0000100、電話 2023-01-15受付、1.03-1234-5678",
        "バージョン1.2.3.4、12.3.2.2. 章、192.168.0.1、203.0.113.25、127.0.0.1、2001:db8::1、192.31.196.0/24",
        "整理番号 123456789018 と 注文番号 4111111111111111",
        "神奈川県横浜市では2020-2021年、大阪府大阪市で2-1、港区3-0",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert PII().find(text) == []


def test_only_the_kinds_asked_for() -> None:
    text = "taro@example.jp 03-1234-5678 192.31.196.17"
    assert [kind for *_, kind in PII().find(text)] == ["email", "phone", "ip"]
    assert masked(text, "phone") == "taro@example.jp <|phone|> 192.31.196.17"
    assert PII(kinds=()).find(text) == []


def test_unknown_kinds_are_named() -> None:
    with pytest.raises(ValueError, match=r"^kinds: .*email.*, not name$"):
        PII(kinds=("email", "name"))


def test_spans_are_code_points() -> None:
    assert PII().find("𠮷𩸽taro@example.jp") == [(2, 17, "email")]


def test_what_overlaps_becomes_one() -> None:
    # Fourteen digits of the card follow the word Tel: named a phone, masked to the last digit.
    assert masked("Tel (12)4111 1111 1111 1111.") == "Tel <|phone|>."
    # A card is no phone though it follows the same word.
    assert masked("Tel 4111 1111 1111 1111.") == "Tel <|card|>."
    assert masked("〒100-0013〒100-0014") == "<|address|><|address|>"


def test_long_numbers_are_cut_nowhere() -> None:
    for many in range(150, 260):  # where the cap on the digits of one window falls within the last number
        text = "1 " * many + "03-1234-5678"
        assert [text[start:end] for start, end, _ in PII().find(text)] == ["03-1234-5678"], many


def test_the_check_digit_is_that_of_the_order() -> None:
    """11 less the remainder of the sum of P_n·Q_n by 11, where P_n is the n-th of the first 11 digits from the right,
    Q_n is n+1 up to 6 and n-5 from 7; 0 where the remainder is 0 or 1."""
    for seed in range(300):
        first = f"{seed * 987654321 % 10**11:011}"
        total = sum(int(p) * (n + 1 if n <= 6 else n - 5) for n, p in enumerate(reversed(first), start=1))
        digit = 0 if total % 11 <= 1 else 11 - total % 11
        assert [d for d in range(10) if _checks(first + str(d))] == [digit]


@pytest.mark.parametrize("card", ["4111111111111111", "5555555555554444", "378282246310005", "3530111333300000"])
def test_luhn_sees_every_wrong_digit_and_swapped_pair(card: str) -> None:
    assert _luhn(card)
    for i, digit in enumerate(card):
        assert [d for d in "0123456789" if _luhn(card[:i] + d + card[i + 1 :])] == [digit]
    for i, (a, b) in enumerate(pairwise(card)):
        assert a == b or {a, b} == {"0", "9"} or not _luhn(card[:i] + b + a + card[i + 2 :])


@settings(deadline=None)
@given(texts)
def test_spans_are_ordered_disjoint_and_known(text: str) -> None:
    spans = PII().find(text)
    assert all(0 <= start < end <= len(text) and kind in PLACEHOLDERS for start, end, kind in spans)
    assert all(last <= start for (_, last, _), (start, _, _) in pairwise(spans))


@settings(deadline=None)
@given(texts)
def test_masking_changes_only_the_spans(text: str) -> None:
    spans = PII().find(text)
    kept = [
        text[last:start] for last, start in zip([0, *(end for _, end, _ in spans)], [*(s for s, *_ in spans), None])
    ]
    names = [PLACEHOLDERS[kind] for *_, kind in spans]
    assert mask(text, spans) == "".join(x for pair in zip(kept, [*names, ""]) for x in pair)


@settings(deadline=None)
@given(texts)
def test_paragraphs_apart_are_judged_apart(text: str) -> None:
    gap = "\n" * 210
    spans = PII().find(text.strip())
    shift = len(text.strip()) + len(gap)
    both = PII().find(text.strip() + gap + text.strip())
    assert both == spans + [(start + shift, end + shift, kind) for start, end, kind in spans]


@settings(deadline=None)
@given(st.lists(st.sampled_from([f for f in FRAGMENTS if f.isascii()]), max_size=8).map("".join))
def test_full_width_is_read_as_ascii(text: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" if c == " " else c for c in text)
    assert PII().find(wide) == PII().find(text)


@settings(deadline=None)
@given(st.ip_addresses())
def test_an_ip_address_is_one_of_the_public_internet(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    found = PII(kinds=("ip",)).find(f"IP address {address} connected")
    if found:
        assert found == [(11, 11 + len(str(address)), "ip")]
        assert address.is_global
        assert not address.is_multicast
    elif address.version == 4:
        assert not address.is_global or address.is_multicast


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "1",
            "@",
            "a@a@",
            "a@a.jp",
            "-",
            "1-",
            "03-",
            "+",
            "1.",
            "1.1.1.1 ",
            ":",
            "2001:",
            "2620::1 ",
            "Tel 1, ",
            "[at]",
        ),
        *(
            "東京都",
            "市",
            "〒123-4567",
            "一丁目",
            "CA 94043 ",
            "1 Oak St, ",
            "1-1 Aa ",
            "4111 1111 1111 1111 ",
            "a@a.jp~",
        ),
        *("マイナンバー123456789018", "\ud800", "\0", "１"),
    ],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    """Half a second at most; quadratic time would be minutes."""
    size = 200_000
    text = (unit * size)[:size]
    spans = PII().find(text)
    assert all(last <= start for (_, last, _), (start, _, _) in pairwise(spans))
