import socket
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract import xml
from pipelines.extract.document import Unreadable

LAUGHS = "<!DOCTYPE a [<!ENTITY e0 'lol'>" + "".join(f"<!ENTITY e{i + 1} '{f'&e{i};' * 10}'>" for i in range(9)) + "]>"


def reason(document: str | bytes) -> str:
    """Why it is not read; "" where it is."""
    try:
        xml.parse(document.encode() if isinstance(document, str) else document)
    except Unreadable as error:
        return error.reason
    return ""


def text(document: str | bytes) -> str:
    return "".join(xml.parse(document.encode() if isinstance(document, str) else document).itertext())


class TestReads:
    def test_elements_without_comments_and_instructions(self) -> None:
        root = xml.parse("<?xml version='1.0'?><?s x?><!-- c --><a>本<!-- c -->文<?pi x?><b/>。</a><!-- c -->".encode())
        assert (root.tag, root.text, [child.tag for child in root], root[0].tail) == ("a", "本文", ["b"], "。")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "Shift_JIS", "EUC-JP", "ISO-2022-JP"])
    def test_japanese_encodings(self, encoding: str) -> None:
        document = f"<?xml version='1.0' encoding='{encoding}'?><a>かなと漢字の文章です。</a>"
        assert text(document.encode(encoding)) == "かなと漢字の文章です。"

    def test_characters_that_other_readers_refuse(self) -> None:
        assert text("<?xml version='1.0' encoding='Shift_JIS'?><a>①㈱髙～</a>".encode("cp932")) == "①㈱髙～"

    def test_latin(self) -> None:
        assert text("<?xml version='1.0' encoding='iso-8859-1'?><a>né à</a>".encode("latin-1")) == "né à"

    def test_names_of_characters_where_a_dtd_is_named(self) -> None:
        doctype = "<!DOCTYPE a PUBLIC '-//NLM//DTD X//EN' 'http://127.0.0.1:1/x.dtd'>"
        document = f"{doctype}<a b='x&nbsp;y'>&alpha;&amp;&lt;&#946;&nbsp;<![CDATA[&beta;]]>&NotEqualTilde;</a>"
        assert text(document) == "α&<β\xa0&beta;≂̸"
        assert xml.parse(document.encode()).get("b") == "x\xa0y"

    def test_the_word_doctype_in_a_text(self) -> None:
        assert text("<a><![CDATA[<!DOCTYPE a [<!ENTITY x 'y'>]>]]></a>") == "<!DOCTYPE a [<!ENTITY x 'y'>]>"

    def test_pictures_and_switches_in_a_doctype(self) -> None:
        subset = "<!NOTATION gif SYSTEM 'gif'><!ENTITY f1 SYSTEM 'f1.gif' NDATA gif><!ENTITY % TEI.XML 'INCLUDE'>"
        assert text(f"<!DOCTYPE a SYSTEM 'a.dtd' [<!-- ] > -->{subset}<!ELEMENT a ANY>]><a>x</a>") == "x"

    def test_attributes_are_not_added_by_the_doctype(self) -> None:
        assert not xml.parse(b"<!DOCTYPE a [<!ATTLIST a b CDATA 'x'>]><a/>").attrib


class TestRefuses:
    @pytest.mark.parametrize(
        "document",
        [
            "", " ", "x", "<a>", "<a></b>", "<a>&</a>", "<a b=c/>", "<a/><b/>", "<a>\x01</a>", "\0\1\2" * 99,
            "<a b='1' b='2'/>",
            "<!DOCTYPE a [<a/>", "<!DOCTYPE a []>", "<!DOCTYPE a><a>", "<!DOCTYPE a SYSTEM 'x'><a>\x01</a>",
        ],
    )  # fmt: skip
    def test_malformed(self, document: str) -> None:
        assert reason(document) == "malformed"

    @pytest.mark.parametrize(
        "document",
        [
            b"<a>\xff</a>", "<a>かなと漢字の文章です。ひらがな</a>".encode("cp932"),
            "<?xml version='1.0' encoding='utf-8'?><a>né</a>".encode("latin-1"),
            "<?xml version='1.0' encoding='EUC-JP'?><a>漢字</a>".encode("euc-jp").replace(b"\xb4\xc1", b"\xff\xff"),
        ],
    )  # fmt: skip
    def test_undecodable(self, document: bytes) -> None:
        assert reason(document) == "undecodable"

    @pytest.mark.parametrize(
        "document",
        [
            LAUGHS + "<a>&e9;</a>",
            LAUGHS + "<a b='&e9;'/>",
            LAUGHS + "<a/>",
            "<!DOCTYPE a [<!ENTITY x '&y;'><!ENTITY y '&x;'>]><a>&x;</a>",
            "<!DOCTYPE a [<!ENTITY eacute 'lol'>]><a>&eacute;</a>",
            "<!DOCTYPE a SYSTEM 'a.dtd'><a>&company;</a>",
            "<!DOCTYPE a SYSTEM 'a.dtd'><a b='&company;'/>",
            "<a>&nbsp;</a>",
            "<!DOCTYPE a [<!ENTITY % x '<!ENTITY e \"lol\">'>%x;]><a>&e;</a>",
        ],
    )
    def test_entities(self, document: str) -> None:
        assert reason(document) == "entities"

    @pytest.mark.parametrize("declaration", ["x SYSTEM '{}'", "% x SYSTEM '{}'", "x PUBLIC 'p' '{}'"])
    def test_files_stay_closed(self, declaration: str, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("<!ENTITY x 'secret'>")
        entity = declaration.format((tmp_path / "secret").as_uri())
        use = "%x;" if "%" in entity else ""
        assert reason(f"<!DOCTYPE a [<!ENTITY {entity}>{use}]><a>&x;</a>") == "entities"

    def test_nothing_is_asked_for(self) -> None:
        asked: list[object] = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0.3)

            def listen() -> None:
                try:
                    asked.append(server.accept())
                except TimeoutError:
                    return

            listener = threading.Thread(target=listen)
            listener.start()
            url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
            assert reason(f"<!DOCTYPE a [<!ENTITY x SYSTEM '{url}'>]><a>&x;</a>") == "entities"
            assert reason(f"<!DOCTYPE a [<!ENTITY % x SYSTEM '{url}'>%x;]><a/>") == "entities"
            assert text(f"<!DOCTYPE a SYSTEM '{url}'><a>x</a>") == "x"
            include = f"<i:include xmlns:i='http://www.w3.org/2001/XInclude' href='{url}'/>"
            assert text(f"<?xml-stylesheet href='{url}'?><a>{include}</a>") == ""
            listener.join()
        assert not asked

    def test_too_deep(self) -> None:
        assert xml.parse(b"<a>" * xml.MAX_DEPTH + b"</a>" * xml.MAX_DEPTH).tag == "a"
        assert reason("<a>" * (xml.MAX_DEPTH + 1) + "</a>" * (xml.MAX_DEPTH + 1)) == "too_deep"
        assert reason("<a>" * 1_000_000) == "too_deep"

    def test_too_many_elements(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(xml, "MAX_ELEMENTS", 10)
        assert len(xml.parse(b"<a>" + b"<b></b>" * 9 + b"</a>")) == 9
        assert reason("<a>" + "<b/>" * 10 + "</a>") == "too_many_elements"
        assert reason("<a>" + "<b/>" * 30 + "</a>") == "too_many_elements"

    def test_too_large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(xml, "MAX_BYTES", 20)
        assert reason("<a>" + "x" * 20 + "</a>") == "too_large"

    def test_a_text_beyond_the_limit_of_libxml2(self) -> None:
        assert reason("<a>" + "x" * 10_100_000 + "</a>") == "too_large"


PIECES = st.sampled_from(
    ["<a>", "</a>", "<a b='", "'/>", "&x;", "&lt;", "&nbsp;", "<!DOCTYPE a", "[", "]>", "<!ENTITY x 'y'>", "<!--",
     "-->", "<![CDATA[", "]]>", "<?xml version='1.0' encoding='utf-16'?>", "%x;", "漢字", "\0", "\ufeff", ">", "<a/>"]
)  # fmt: skip
REASONS = {"", "too_large", "undecodable", "malformed", "entities", "too_deep", "too_many_elements"}


class TestHostile:
    @given(st.lists(PIECES, max_size=12).map("".join), st.sampled_from(["utf-8", "utf-16", "shift_jis"]))
    def test_never_raises_anything_else(self, document: str, encoding: str) -> None:
        assert reason(document.encode(encoding, "replace")) in REASONS

    @given(st.binary(max_size=200))
    def test_nor_for_bytes(self, raw: bytes) -> None:
        assert reason(raw) in REASONS

    @pytest.mark.parametrize(
        "document",
        [
            "<!DOCTYPE a [" + "<!-- x -->" * 200_000 + "]><a/>",
            "<!DOCTYPE a [" + "<!ENTITY % x 'y'>" * 100_000 + "]><a/>",
            "<!DOCTYPE a SYSTEM 'x'><a>" + "&nbsp;" * 300_000 + "</a>",
            "<a " + " ".join(f"a{i}=''" for i in range(100_000)) + "/>",
            "<a>" + "&#1234;" * 300_000 + "</a>",
            "<!DOCTYPE a SYSTEM '" + "x" * 2_000_000 + "'><a/>",
            "<a xmlns:" + " xmlns:".join(f"n{i}='u'" for i in range(3_000)) + "/>",
        ],
        ids=["comments", "parameters", "names", "attributes", "references", "system", "namespaces"],
    )  # fmt: skip
    def test_time_is_linear(self, document: str) -> None:
        start = time.process_time()
        assert reason(document) in REASONS
        assert time.process_time() - start < 2  # 0.2 s at most where this was written
