import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.licenses import canonicalize_license_expression

from pipelines.extract.licences import name

BY = "https://creativecommons.org/licenses/by/4.0/"


class TestCreativeCommons:
    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("CC BY 4.0", "CC-BY-4.0"),
            ("cc-by-nc-nd-4.0", "CC-BY-NC-ND-4.0"),
            ("Licensed under CC BY-SA 4.0.", "CC-BY-SA-4.0"),
            ("Creative Commons Attribution 4.0 International License (CC BY 4.0)", "CC-BY-4.0"),
            ("Creative Commons Attribution-NonCommercial-ShareAlike 3.0 Unported License.", "CC-BY-NC-SA-3.0"),
            ("a Creative Commons Attribution Non Commercial No Derivatives 4.0 licence", "CC-BY-NC-ND-4.0"),
            ("Creative Commons Attribution License, version 3.0, which", "CC-BY-3.0"),
            ("Creative Commons Attribution 3.0 Germany License", "CC-BY-3.0-DE"),
            ("Creative Commons Attribution 2.1 Japan License", "LicenseRef-CC-BY-2.1-JP"),
            ("クリエイティブ・コモンズ 表示 4.0 国際 ライセンスの下に提供されています", "CC-BY-4.0"),
            ("クリエイティブ・コモンズ・ライセンス（表示-非営利-改変禁止 4.0 国際）", "CC-BY-NC-ND-4.0"),
            ("本論文はクリエイティブコモンズ 表示 - 継承 2.1 日本 ライセンスによる", "CC-BY-SA-2.1-JP"),
            ("ライセンスはCC BY-NC 4.0です", "CC-BY-NC-4.0"),
            ("Creative Commons Atribuição-NãoComercial 4.0 Internacional", "CC-BY-NC-4.0"),
            ("made available under the Creative Commons CC0 public domain dedication", "CC0-1.0"),
            ("Creative Commons Zero", "CC0-1.0"),
        ],
    )
    def test_words_with_a_version(self, words: str, expected: str) -> None:
        assert name(words) == expected

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("CC BY", "LicenseRef-CC-BY"),
            ("CC-BY-NC-ND", "LicenseRef-CC-BY-NC-ND"),
            ("the Creative Commons Attribution License, which permits non-commercial use", "LicenseRef-CC-BY"),
            ("a licença Creative Commons Attribution, que permite", "LicenseRef-CC-BY"),
            ("CCライセンス 表示-継承", "LicenseRef-CC-BY-SA"),
            ("under a Creative Commons licence", "LicenseRef-CC"),
            ("a Creative Commons license by the authors", "LicenseRef-CC"),
            ("CC BY-ND-SA 4.0", "LicenseRef-Unrecognized"),
            ("the Creative Commons Public Domain Declaration, which", "LicenseRef-Public-Domain"),
        ],
    )
    def test_nothing_is_added(self, words: str, expected: str) -> None:
        assert name(words) == expected

    @pytest.mark.parametrize(
        ("words", "url", "expected"),
        [
            ("", BY, "CC-BY-4.0"),
            (BY, "", "CC-BY-4.0"),
            ("Creative Commons Attribution License", BY, "CC-BY-4.0"),
            ("クリエイティブ・コモンズ 表示", BY, "CC-BY-4.0"),
            ("open-access", BY, "CC-BY-4.0"),
            ("All rights reserved", BY, "CC-BY-4.0"),
            ("under a Creative Commons licence (http://creativecommons.org/licenses/by-nc/3.0/)", "", "CC-BY-NC-3.0"),
            (f"CC BY ({BY}). The CC0 waiver applies to the data", BY, "CC-BY-4.0"),
            ("Creative Commons Attribution", "https://creativecommons.org/licenses/", "LicenseRef-CC-BY"),
            ("CC BY 4.0", "https://journal.example.org/policy", "CC-BY-4.0"),
        ],
    )
    def test_words_and_url(self, words: str, url: str, expected: str) -> None:
        assert name(words, url) == expected

    def test_a_contradiction_is_kept(self) -> None:
        assert name("Creative Commons Attribution-NonCommercial 4.0", BY) == "CC-BY-4.0 AND CC-BY-NC-4.0"
        assert name("MIT OR Zed", BY) == "CC-BY-4.0 AND (MIT OR Zed)"
        assert name("CC BY-NC", BY) == "CC-BY-4.0 AND LicenseRef-CC-BY-NC"
        assert name("CC BY", BY.replace("by", "by-nc")) == "CC-BY-NC-4.0 AND LicenseRef-CC-BY"


class TestOthers:
    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("mit or apache-2.0", "MIT OR Apache-2.0"),
            ("GPL-2.0+", "GPL-2.0-or-later"),
            ("GPL-3.0", "GPL-3.0-only"),
            ("The MIT License", "MIT"),
            ("Apache License, Version 2.0", "Apache-2.0"),
            ("GNU General Public License v3 or later", "GPL-3.0-or-later"),
            ("GNU Lesser General Public License version 2.1", "LicenseRef-LGPL-2.1"),
            ("GNU Free Documentation License", "LicenseRef-GFDL"),
            ("GFDL 1.3 or any later version", "GFDL-1.3-or-later"),
            ("Open Government Licence v3.0", "OGL-UK-3.0"),
            ("3-clause BSD", "BSD-3-Clause"),
            ("LPPL 1.3c", "LPPL-1.3c"),
            ("ACS AuthorChoice", "LicenseRef-ACS-AuthorChoice"),
            ("Elsevier user license", "LicenseRef-Elsevier-User-1.0"),
            ("This work is in the public domain.", "LicenseRef-Public-Domain"),
            ("パブリックドメイン", "LicenseRef-Public-Domain"),
            ("著作権の保護期間が満了した作品", "LicenseRef-Public-Domain"),
            ("政府標準利用規約（第2.0版）", "LicenseRef-GJSTU-2.0"),
            ("公共データ利用規約（第1.0版）", "LicenseRef-PDL-1.0"),
            ("無断転載を禁じます", "LicenseRef-All-Rights-Reserved"),
            ("© 2011 A. All rights reserved.", "LicenseRef-All-Rights-Reserved"),
            ("OpenAccess", "LicenseRef-Open-Access"),
            ("May be reproduced for teaching.", "LicenseRef-Unrecognized"),
        ],
    )
    def test_words(self, words: str, expected: str) -> None:
        assert name(words) == expected

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("https://www.apache.org/licenses/LICENSE-2.0", "Apache-2.0"),
            ("https://opensource.org/licenses/MIT", "MIT"),
            ("https://spdx.org/licenses/BSD-3-Clause.html", "BSD-3-Clause"),
            ("https://www.gnu.org/licenses/fdl-1.3.html", "LicenseRef-GFDL-1.3"),
            ("https://www.gnu.org/copyleft/fdl.html", "LicenseRef-GFDL"),
            ("http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/", "OGL-UK-3.0"),
            ("http://www.elsevier.com/open-access/userlicense/1.0/", "LicenseRef-Elsevier-User-1.0"),
            ("https://www.elsevier.com/tdm/userlicense/1.0/", "LicenseRef-Elsevier-TDM-1.0"),
            ("http://doi.wiley.com/10.1002/tdm_license_1.1", "LicenseRef-Wiley-TDM-1.1"),
            ("https://pubs.acs.org/page/policy/authorchoice_termsofuse.html", "LicenseRef-ACS-AuthorChoice"),
            ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/", "LicenseRef-arXiv-nonexclusive-distrib-1.0"),
            ("https://www.Example.org/My%20licence?x=1#y", "LicenseRef-site-example.org-my-20licence"),
            ("https://日本語", "LicenseRef-Unrecognized"),
        ],
    )
    def test_urls(self, url: str, expected: str) -> None:
        assert name("", url) == name(url) == expected

    @pytest.mark.parametrize("words", ["", " \n", "© 2011 T. Sato", "Copyright 2011 Sato et al.", "著作権者 佐藤"])
    def test_nothing_stated(self, words: str) -> None:
        assert name(words) is None


WORDS = st.lists(
    st.sampled_from(
        ["Creative Commons", "CC", "BY", "-", "NC", "Attribution", "4.0", "3.0", "Japan", "表示", "継承", "CC0", "GPL",
         "MIT", "OR", "(", ")", "v3", "or later", BY, "https://x.org/", "public domain", "licence", " ", "©"]
    )
    | st.text(max_size=4),
    max_size=10,
)  # fmt: skip


class TestAnyWords:
    @given(WORDS.map(" ".join) | WORDS.map("".join), st.sampled_from(["", BY, "https://a.b/c"]) | st.text(max_size=9))
    def test_a_name_is_canonical_and_names_itself(self, words: str, url: str) -> None:
        found = name(words, url)
        if found is not None:
            assert canonicalize_license_expression(found) == found
            assert name(found) == found

    @pytest.mark.parametrize(
        "words", ["cc by " * 400_000, "(" * 1_000_000, "wiley " * 300_000, "gnu gpl" * 99_999, BY * 99]
    )
    def test_time(self, words: str) -> None:
        start = time.process_time()
        name(words, words)
        assert time.process_time() - start < 1
