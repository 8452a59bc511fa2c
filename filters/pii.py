"""Personal data in Japanese and English text: where it is, by kind, and the text with placeholders in its place.

Rules of form alone, as in datatrove, HojiChar and Dolma; names of people are out of their reach. All of them were made
for text where Japanese letters touch what is to be found (連絡はtaro@example.jpまで), where digits, ＠ and hyphens may
be full-width, and where most long numbers (prices, DOIs, versions, corporate numbers) are not personal.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

Span = tuple[int, int]

# The bars set them apart from what people write: <ADDRESS> is HTML and <IP> is in every manual. ASCII without spaces:
# normalisation leaves them alone, and a tokenizer can have each as one piece.
PLACEHOLDERS = {
    "email": "<|email|>",
    "phone": "<|phone|>",
    "address": "<|address|>",
    "card": "<|card|>",
    "my_number": "<|my_number|>",
    "ip": "<|ip|>",
}

# Every pattern that goes over a whole text begins with a character or a set of them and looks behind only after it:
# `re` then skips to the next candidate, 151 MB/s instead of 58 for IPv4. Repeats are bounded or unambiguous, so that no
# text takes more than linear time.

_DASH = "[-‐‑‒–—―−ーｰ]"
_JAPANESE = re.compile("[ぁ-ゖァ-ヺ一-鿿]")


def _fold(text: str) -> str:
    """Full-width ASCII and the ideographic space as ASCII: one character for one, so that offsets stay."""
    if text.isascii():
        return text
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).copy()
    points[(points >= 0xFF01) & (points <= 0xFF5E)] -= 0xFEE0
    points[points == 0x3000] = 0x20
    return points.tobytes().decode("utf-32-le", "surrogatepass")


# ---- e-mail

# The common generic domains and every country's. `foo@bar.png`, `\ver@jsarticle.cls` and `x@y.local` are no addresses.
_TLD = (
    "(?:com|net|org|edu|gov|mil|int|info|biz|name|pro|mobi|jobs|asia|coop|museum|app|dev|xyz|online|site|website|tech|"
    "cloud|blog|shop|store|club|email|work|works|agency|design|studio|academy|education|university|school|health|care|"
    "clinic|legal|law|group|company|solutions|systems|services|network|digital|media|news|press|live|life|world|global|"
    "foundation|church|science|software|consulting|link|space|fun|page|one|top|tokyo|osaka|kyoto|nagoya|yokohama|"
    "okinawa|london|berlin|vip|icu|art|wiki|social|technology|center|today|team|ltd|earth|travel|help|click|"
    "(?!js|ts|rb|go|gz|xz|db)[a-z]{2})"
)
_DOMAIN = re.compile(rf"(?:[a-z0-9](?:[a-z0-9-]{{0,62}})\.){{1,8}}{_TLD}(?!-?[a-z0-9])", re.IGNORECASE)
_HIDDEN_DOMAIN = re.compile(
    rf" ?(?:[a-z0-9][a-z0-9-]{{0,62}}(?:\.| ?[\[({{<]dot[\])}}>] ?)){{1,8}}{_TLD}(?!-?[a-z0-9])", re.IGNORECASE
)
_LOCAL = re.compile(r"(?<![A-Za-z0-9._%+@-])[A-Za-z0-9_](?:[A-Za-z0-9._%+-]|(?<=[A-Za-z])'(?=[A-Za-z])){0,63}\Z")
# taro@, taro[at], taro (アットマーク). Without brackets "at" is a word.
_AT = re.compile(
    r"[@%\[({<【〔](?:(?<=[A-Za-z0-9._%+-]@)(?=[A-Za-z0-9])|(?<=%)40"
    r"|(?<![@%]) ?(?:[Aa][Tt]|アット(?:マーク)?|あっと) ?[\])}>】〕])"
)
# taro★ and taro_at_ where the page says what to put there: ★を@に変えてください.
_AT_TOLD = re.compile(rf"{_AT.pattern}|[★☆●◎■*#]| ?_at_ ?")
# Not mail though of its form: the user of a URL, a path of one (lists keep Message-IDs there), the user of a remote
# shell or of its prompt, a Message-ID itself.
_BEFORE_NO_MAIL = re.compile(
    r"(?:://[A-Za-z0-9_.~%+:/=&!$*#@-]*|\b(?:ssh|scp|sftp|rsync|mosh|ssh-copy-id) (?:-\w+ (?:\S+ )?)?"
    r"|(?:[Mm]essage-?[Ii][Dd]|[Ii]n-[Rr]eply-[Tt]o|[Rr]eferences)\W{0,4})\Z"
)
# Who names an algorithm of SSH without registering it adds its domain (RFC 4250): hmac-md5-etm@openssh.com.
_ALGORITHMS = ("openssh.com", "libssh.org", "lysator.liu.se")
_AFTER_NO_MAIL = re.compile(r":(?:[~/:]|[A-Za-z0-9_.-]{1,100}/)| ?~[^\s\]]{0,100}\]?[#$]")


def _emails(text: str, _: list[Span]) -> Iterator[Span]:
    at_sign = _AT_TOLD if "@に" in text or "アットマークに" in text else _AT
    for at in at_sign.finditer(text):
        hidden = at[0] != "@"
        domain = (_HIDDEN_DOMAIN if hidden else _DOMAIN).match(text, at.end())
        if not domain:
            continue
        before = at.start() - (hidden and text[at.start() - 1] == " ")
        local = _LOCAL.search(text, max(before - 65, 0), before)
        if not local or local[0] in ("git", "hg", "svn") or domain[0].lower() in _ALGORITHMS:
            continue
        if _BEFORE_NO_MAIL.search(text[max(local.start() - 200, 0) : local.start()]):
            continue
        if not _AFTER_NO_MAIL.match(text, domain.end()):
            yield local.start(), domain.end()


# ---- numbers

# At least seven digits with at most three other characters between any two: nothing shorter is a phone, card or number.
# The cap keeps `re` from storing a state for each of ten million digits; _windows overlap, so it hides nothing.
_DIGITS = re.compile(r"[0-9](?:[^0-9\n]{0,3}+[0-9]){6,200}")


def _windows(text: str) -> list[Span]:
    """Where to look for long numbers, with room for a sign before and for the rest of a number cut by the cap."""
    return [(max(run.start() - 2, 0), run.end() + 24) for run in _DIGITS.finditer(text)]


_BETWEEN = rf"(?: ?(?:{_DASH}|[()]) ?)"
_GAP = rf"(?:(?:[ ()/]|{_DASH}){{0,3}}|\.)"
# Assigned country codes (ITU E.164) but for 1 and 81: +2147483647 is the largest of the 32-bit integers.
_COUNTRY = (
    "(?:7|2(?:0|7|1[1-368]|[2-6][0-9]|9[01789])|3(?:[0-469]|5[0-9]|7[0-9]|8[0-35-79])|4(?:[013-9]|2[013])|"
    "5(?:[1-8]|[09][0-9])|6(?:[0-6]|[78][0-9]|9[0-2])|8(?:[246]|[578][0-9])|9(?:[0-58]|[679][0-9]))"
)
_PHONE = re.compile(
    r"(?<![0-9])(?<![0-9][.,])(?<![0-9A-Za-z][-_])(?:"
    # 03-1234-5678, (03)1234-5678, 03(1234)5678, 0120-444-444, 090-12345678
    rf"(?P<japan>(?:\(0[1-9][0-9]{{0,3}}\) ?|0[1-9][0-9]{{0,3}}{_BETWEEN})[0-9]{{1,4}}{_BETWEEN}[0-9]{{3,4}}"
    rf"|(?:0120|0570|0800|0[5-9]0){_BETWEEN}[0-9]{{6,8}})"
    # +81-3-1234-5678, +1 (212) 555-0123, (+48) 22 525 80 00
    r"|(?P<abroad>(?<![A-Za-z+])(?:\+|\(\+(?=[0-9]{1,3}\)))"
    rf"(?:1(?:{_GAP}[0-9]){{10}}|81(?:{_GAP}[0-9]){{9,11}}|{_COUNTRY}(?:{_GAP}[0-9]){{7,12}}))"
    # (212) 555-0123, 1-800-555-0123; (020) 7946 0958, 07700 900123
    r"|(?P<english>(?<![A-Za-z])(?:1[-. ])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-.])[2-9][0-9]{2}[-. ][0-9]{4}"
    r"|\(0[1-9][0-9]{1,3}\) ?[0-9]{3,4} ?[0-9]{3,4}|020 [378][0-9]{3} [0-9]{4}|07[1-9][0-9]{2} ?[0-9]{3} ?[0-9]{3}"
    r"|01[0-9]{3} [0-9]{6})"
    r"|(?P<mobile>(?<![A-Za-z])0[789]0(?:[1-9][0-9]{7}| [1-9][0-9]{3} [0-9]{4}))"
    rf")(?![0-9]|(?:{_DASH}|[.,])[0-9])"
)
# Whatever form has what comes after the word phone.
_CALLED = re.compile(rf"(?:\(\+?[0-9]{{1,5}}\)|\+?[0-9])(?:{_GAP}[0-9]){{5,13}}(?![0-9]|(?:{_DASH}|[.,])[0-9])")
_CALL = re.compile(
    r"(?:(?<![a-z_])(?:tel(?:e(?:phone|fon|fax))?|fax|phone|mobile|hotline)|電話(?:番号)?|ファッ?クス|携帯|フリーダイヤル|代表)"
    r"(?:[^\w\n]|は|no\.?|number){0,5}\Z",
    re.IGNORECASE,
)
_COMMA = re.compile(" ?[,、/・;] ?")
_NO_PHONE = re.compile(
    r"(?:ISBN|ISSN|JAN|(?:part|model|serial|order|invoice|item|case)(?: (?:no\.?|number))?"
    r"|品番|型番|型式|特許|特願|特開|第|(?:注文|会員|口座|伝票|受付|整理|製造)番号)(?:[^\w\n]|は){0,3}\Z",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[A-Za-z_]\Z")
_DATE = re.compile(r"(?:19|20)[0-9]{2}[-./ ][01]?[0-9][-./ ][0-3]?[0-9]")


def _phones(text: str, windows: list[Span]) -> Iterator[Span]:
    for start, end in windows:
        for phone in _PHONE.finditer(text, start, end):
            if _is_phone(text, phone):
                yield phone.span()
        called = _CALLED.search(text, start, end)
        if called and _CALL.search(text, max(called.start() - 20, 0), called.start()):
            while called and not _DATE.match(called[0]):
                yield called.span()
                comma = _COMMA.match(text, called.end())
                called = comma and _CALLED.match(text, comma.end())


def _is_phone(text: str, phone: re.Match[str]) -> bool:
    start, end = phone.span()
    before = text[max(start - 20, 0) : start]
    digits = re.sub("[^0-9]", "", phone[0])
    japanese = bool(_JAPANESE.search(text, max(start - 30, 0), end + 30))
    if _NO_PHONE.search(before):
        return False
    match phone.lastgroup:
        case "japan":
            mobile = digits[0] == digits[2] == "0" and digits[1] in "56789"
            return len(digits) == (11 if mobile else 10) and (not _LETTER.search(before) or bool(_CALL.search(before)))
        case "abroad":
            decimals = "." in phone[0] and " " in phone[0]  # +20.3 21.5 22.1
            return not decimals and (len(digits) <= 13 or not phone[0][1:].isdigit())
        case "english":
            return phone[0][0] == "(" or not japanese
        case _:
            return japanese


_CARD = re.compile(
    rf"(?<![0-9A-Za-z_.])(?<![0-9][ -])(?:(?P<grouped>[2-6][0-9]{{3}}( |{_DASH})[0-9]{{4}}\2[0-9]{{4}}\2[0-9]{{4}}"
    rf"|3[0-9]{{3}}( |{_DASH})[0-9]{{6}}\3[0-9]{{4,5}})|[2-6][0-9]{{13,15}})"
    r"(?![0-9A-Za-z_]|[-.][0-9]| [0-9]{4}(?![0-9]))"
)
# Visa, Mastercard (two ranges), Amex, Diners, JCB, Discover, UnionPay: the ranges the schemes publish.
_ISSUED = re.compile(
    "4[0-9]{15}|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}|3[47][0-9]{13}"
    "|3(?:0[0-5]|[689][0-9])[0-9]{11}|35(?:2[89]|[3-8][0-9])[0-9]{12}|6(?:011|4[4-9][0-9]|5[0-9]{2}|2[0-9]{2})[0-9]{12}"
)
_PAY = re.compile("card|visa|master|amex|american express|jcb|diners|カード|クレジット|決済", re.IGNORECASE)


def _luhn(digits: str) -> bool:
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(map(int, digits[::-2]))) % 10 == 0


def _cards(text: str, windows: list[Span]) -> Iterator[Span]:
    """A number in one piece needs a word of payment near it: one in thirty of random ones passes the arithmetic."""
    for window in windows:
        for card in _CARD.finditer(text, *window):
            digits = re.sub("[^0-9]", "", card[0])
            if _ISSUED.fullmatch(digits) and _luhn(digits):
                start, end = card.span()
                if card["grouped"] or _PAY.search(text, max(start - 40, 0), end + 20):
                    yield start, end


_MY_NUMBER = re.compile(r"(?<![0-9A-Za-z_.])(?<![0-9]-)[0-9]{4}( |[-−ー]|)[0-9]{4}\1[0-9]{4}(?![0-9A-Za-z_]|[-.][0-9])")
_MINE = re.compile("マイナンバー|個人番号|共通番号|my ?number|individual number", re.IGNORECASE)


def _checks(digits: str) -> bool:
    """The check digit of 12 digits, Order 85 of the Ministry of Internal Affairs (2014), article 5."""
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    remainder = sum(int(digit) * weight for digit, weight in zip(digits[:11], weights)) % 11
    return int(digits[11]) == (11 - remainder if remainder > 1 else 0)


def _my_numbers(text: str, windows: list[Span]) -> Iterator[Span]:
    """One in eleven of any twelve digits has the right check digit, so the number's name has to be near it."""
    for window in windows:
        for number in _MY_NUMBER.finditer(text, *window):
            start, end = number.span()
            if _checks(re.sub("[^0-9]", "", number[0])) and _MINE.search(text, max(start - 40, 0), end + 20):
                yield start, end


# ---- IP addresses

# From the first dot and the first colon, which are rarer than digits.
_IPV4 = re.compile(r"\.(?<=[0-9].)[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9A-Za-z_]|\.[0-9A-Za-z]|-[A-Za-z]|/[0-9])")
_BEFORE_DOT = re.compile(r"(?<![0-9A-Za-z_.])(?<![A-Za-z0-9_][/_])(?<![A-Za-z]-)[0-9]{1,3}\Z")
_IPV6 = re.compile(
    r":(?<=[23][0-9A-Fa-f]{3}.)(?<![0-9A-Za-z:.].{5})[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{0,32}(?![0-9A-Za-z:]|\.[0-9]|/[0-9])"
)
_VERSION = re.compile(
    r"(?:\bv|\bver\.?|version|release|\brev\.?|build|section|\bsec\.|chapter|バージョン|リリース|第|§)[\s:]*\Z",
    re.IGNORECASE,
)
_IP = re.compile(r"(?:(?<![A-Za-z])(?:IP|ip)(?![a-z])|[Aa]ddress|アドレス(?!欄))[^\n]{0,8}\Z")


def _ips(text: str, _: list[Span]) -> Iterator[Span]:
    """Those of the public internet: private, documentation, loopback and multicast ranges and whole networks
    (198.51.100.0/24) lead to nobody."""
    for rest in _IPV4.finditer(text):
        first = _BEFORE_DOT.search(text, max(rest.start() - 4, 0), rest.start())
        if not first:
            continue
        before, address = text[max(first.start() - 20, 0) : first.start()], first[0] + rest[0]
        if (_sizeable(address) or _IP.search(before)) and not _VERSION.search(before) and _public(address):
            yield first.start(), rest.end()
    for rest in _IPV6.finditer(text):
        if _public(text[rest.start() - 4 : rest.end()]):
            yield rest.start() - 4, rest.end()


def _public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_global and not parsed.is_multicast


def _sizeable(address: str) -> bool:
    """Three of the four numbers have two digits: so have 99 in 100 addresses, but few versions and numbers of sections
    (11.2.0.4)."""
    return sum(len(number) > 1 for number in address.split(".")) >= 3


# ---- postal addresses

# The prefectures; the cities large enough to go without theirs; the wards of Tokyo, unless in a word (南北区間).
_HEADS = (
    "東京都|北海道|京都府|大阪府|青森県|岩手県|宮城県|秋田県|山形県|福島県|茨城県|栃木県|群馬県|埼玉県|千葉県|神奈川県|"
    "新潟県|富山県|石川県|福井県|山梨県|長野県|岐阜県|静岡県|愛知県|三重県|滋賀県|兵庫県|奈良県|和歌山県|鳥取県|島根県|"
    "岡山県|広島県|山口県|徳島県|香川県|愛媛県|高知県|福岡県|佐賀県|長崎県|熊本県|大分県|宮崎県|鹿児島県|沖縄県|"
    "札幌市|仙台市|さいたま市|千葉市|横浜市|川崎市|相模原市|新潟市|静岡市|浜松市|名古屋市|京都市|大阪市|堺市|神戸市|岡山市|"
    "広島市|北九州市|福岡市|熊本市|"
    "千代田区|新宿区|文京区|台東区|墨田区|江東区|品川区|目黒区|大田区|世田谷区|渋谷区|中野区|杉並区|豊島区|荒川区|板橋区|"
    "練馬区|足立区|葛飾区|江戸川区|中央区(?<![一-鿿]...)|港区(?<![一-鿿]..)|北区(?<![一-鿿]..)"
)
# No particle and no city before the number: 大阪市で2-1 is a result, 港区3-0 too.
_TOWN = (
    "(?:(?!から|まで|として|条例|規則|令和|平成|昭和)[ぁ-ゖァ-ヺー々〆〇一-鿿A-Za-z ]){0,30}?"
    "(?<![でにはをもがとへの市区郡県])"
)
_NUMBER = "(?:[0-9]{1,5}|[〇一二三四五六七八九十百]{1,5})"
_HOUSE = (
    rf"(?:{_NUMBER}条[東西南北]?{_NUMBER}丁目|{_NUMBER}丁目 ?{_NUMBER}|{_NUMBER}番地(?:の?{_NUMBER})?"
    rf"|{_NUMBER}番 ?{_NUMBER}号|(?!(?:19|20)[0-9]{{2}}-)[0-9]{{1,4}} ?{_DASH} ?[0-9]{{1,4}})"
    rf"(?:(?: ?{_DASH} ?|番地?の?|の){_NUMBER}(?![0-9]|丁目)){{0,3}}(?:番地?|号室?)?"
    rf"(?!{_DASH}?[0-9]|[年月日時分秒人名円万億位回歳件%])"
    # and the flat: 霞が関ビル3階, コーポ山田203号室, 東団地4棟5号室
    r"(?: ?[^\s0-9、。,.:;()「」]{0,20}(?:(?:[0-9]{1,3}号?棟)? ?[0-9]{1,4}(?:号室?(?!館)|階|F(?![A-Za-z]))"
    r"|ビル(?:ディング)?|マンション|ハイツ|コーポ|アパート|荘))?"
)
_ZIP = rf"[0-9]{{3}}{_DASH}?[0-9]{{4}}(?![0-9])"
_JAPANESE_ADDRESS = re.compile(rf"(?:{_HEADS}|〒 ?{_ZIP}[ \n]{{0,2}})(?![域間画内立]){_TOWN}{_HOUSE}")
# Any other city, where the number cannot be anything else; not 都市, 市場, 市長.
_CITY_ADDRESS = re.compile(
    rf"市(?<!都.)(?![場民長内立役議街販委営況]){_TOWN}"
    rf"(?={_NUMBER}(?:丁目 ?{_NUMBER}|番地)|[0-9]{{1,4}}{_DASH}[0-9]{{1,4}}{_DASH}[0-9]{{1,4}}){_HOUSE}"
)
_CITY = re.compile("(?:[一-鿿]{1,7}|つくば|さいたま|いわき|うるま)\\Z")
_POSTCODE = re.compile(rf"〒 ?{_ZIP}")
_ZIP_BEFORE = re.compile(rf"(?<![0-9-])(?:〒 ?)?{_ZIP}[ \n]{{0,2}}\Z")
# 1-2-3 Kasumigaseki, Chiyoda-ku, Tokyo 100-0013; the match begins at its first hyphen.
_ROMAN_ADDRESS = re.compile(
    r"-(?<=[0-9].)[0-9]{1,4}(?:-[0-9]{1,4})?,?(?: [A-Z][A-Za-z'-]*,?){0,5} [A-Z][A-Za-z'-]*"
    r"(?:(?<=-ku)|(?<=-shi)|(?<=-gun)|,? [0-9]{3}-[0-9]{4}(?![0-9-]))"
)
_BEFORE_HYPHEN = re.compile(r"(?<![0-9A-Za-z_.-])[0-9]{1,4}\Z")
# A ZIP code after the letters of a state; the second half of a British postcode after its first.
_CODE = re.compile(r"[0-9](?<=[A-Z0-9] .)(?:(?<=[A-Z]{2} .)[0-9]{4}(?:-[0-9]{4})?|[A-Z]{2})(?![0-9A-Za-z])")
_BEFORE_CODE = re.compile(
    "(?<![A-Za-z0-9])(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|"
    r"T[NX]|UT|V[AT]|W[AIVY]|[A-Z]{1,2}[0-9][0-9A-Z]?) \Z"
)
_STREET = re.compile(
    r"(?<![\w.-])(?:[0-9]{1,5}[A-Z]?(?: [A-Z0-9][\w.'-]{0,20}){1,4}?"
    r" (?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Drive|Dr|Lane|Ln|Court|Ct|Place|Pl|Square|Sq|Way|Parkway|Pkwy|"
    r"Highway|Hwy|Terrace|Circle|Plaza|Broadway|Gardens|Crescent|Close|Mews|Row|Hill|Loop|Yard|Trail)\b\.?"
    r"(?:,? (?:N|S|E|W|NE|NW|SE|SW)\b\.?)?"
    r"|P\.? ?O\.? Box [0-9]{1,6})"
    r"(?:,?\s{1,2}(?:Suite|Ste|Apt|Unit|Room|Floor|Fl|#)\.? ?[\w-]{1,6}|,? [0-9A-Z][a-z0-9]{1,8} Floor)?"
    r"(?:,?\s{1,10}[A-Z][A-Za-z.'-]{0,20}(?: [A-Z][A-Za-z.'-]{0,20}){0,2}){0,2},?\s{1,10}\Z"
)


def _addresses(text: str, _: list[Span]) -> Iterator[Span]:
    if not text.isascii():
        yield from _japanese_addresses(text)
    for found in _ROMAN_ADDRESS.finditer(text):
        if first := _BEFORE_HYPHEN.search(text, max(found.start() - 5, 0), found.start()):
            yield first.start(), found.end()
    for found in _CODE.finditer(text):
        code = _BEFORE_CODE.search(text, max(found.start() - 6, 0), found.start())
        if code and (street := _STREET.search(text, max(code.start() - 120, 0), code.start())):
            yield street.start(), found.end()


def _japanese_addresses(text: str) -> Iterator[Span]:
    for code in _POSTCODE.finditer(text):
        yield code.span()
    for found in _JAPANESE_ADDRESS.finditer(text):
        if re.search("[市区町村郡]", found[0]):
            code_before = _ZIP_BEFORE.search(text, max(found.start() - 12, 0), found.start())
            yield code_before.start() if code_before else found.start(), found.end()
    for found in _CITY_ADDRESS.finditer(text):
        if city := _CITY.search(text, max(found.start() - 8, 0), found.start()):
            yield city.start(), found.end()


# The surest first: of two that begin at the same character, the earlier names what is found.
_FINDERS = {
    "email": _emails,
    "my_number": _my_numbers,
    "card": _cards,
    "ip": _ips,
    "address": _addresses,
    "phone": _phones,
}


def mask(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """`text` with the placeholder of its kind for each of `spans`, which are as `PII.find` gives them."""
    pieces, done = [], 0
    for start, end, kind in spans:
        pieces += [text[done:start], PLACEHOLDERS[kind]]
        done = end
    return "".join([*pieces, text[done:]])


@dataclass(frozen=True)
class PII:
    """Personal data of these kinds.

    `email`: every address, of a person, a role or a list, also as taro[at]example.jp; not user@host of ssh, URLs or
    Message-IDs. `phone`: Japanese, North American and British numbers, those with +, and what follows "Tel".
    `address`: down to the house, Japanese (also in Latin letters), American and British; 〒 codes. `card`: numbers with
    an issuer's prefix and the right Luhn digit. `my_number`: with the right check digit and near its name. `ip`: public
    v4 and v6.
    """

    kinds: tuple[str, ...] = tuple(PLACEHOLDERS)

    name: ClassVar[str] = "pii"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if unknown := [kind for kind in self.kinds if kind not in PLACEHOLDERS]:
            raise ValueError(f"kinds: of {', '.join(PLACEHOLDERS)}, not {', '.join(unknown)}")

    def edits(self, text: str, lang: str | None) -> list[tuple[int, int, str]]:
        """Placeholders in place of what `find` finds, in whatever language."""
        return [(start, end, PLACEHOLDERS[kind]) for start, end, kind in self.find(text)]

    def find(self, text: str) -> list[tuple[int, int, str]]:
        """Where the personal data is: (start, end, kind) in code points, in order, disjoint."""
        folded = _fold(text)
        windows = _windows(folded)
        found = [
            (*span, kind) for kind, finder in _FINDERS.items() if kind in self.kinds for span in finder(folded, windows)
        ]
        spans: list[tuple[int, int, str]] = []
        for start, end, kind in sorted(found, key=lambda span: span[0]):
            if spans and start < spans[-1][1]:  # one placeholder for two that overlap, so that nothing is left between
                first, last, known = spans[-1]
                spans[-1] = (first, max(last, end), known)
            else:
                spans.append((start, end, kind))
        return spans
