"""Names of templates of the Japanese and the English Wikipedia, in lower case, by what is done with them.

The English ones cover 106 real articles; the Japanese ones were checked against far fewer. A template that is missing
here is left out and counted.
"""

import re

# fmt: off
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)
# fmt: on

CHARACTERS = {
    "!": "|",
    "=": "=",
    "(": "{",
    ")": "}",
    "nbsp": " ",
    "spaces": " ",
    "space": " ",
    "thinsp": " ",
    "snd": " – ",
    "spaced ndash": " – ",
    "ndash": "–",
    "en dash": "–",
    "mdash": "—",
    "em dash": "—",
    "mdashb": "—",
    "·": " · ",
    "dot": " · ",
    "•": " • ",
    "bull": " • ",
    "pipe": "&#124;",
    "'": "'",
    "'s": "'s",
    '"': '"',
    "asterisk": "&#42;",
    "sharp": "♯",
    "flat": "♭",
    "-": "<br>",
    "break": "<br>",
    "yes": "Yes",
    "no": "No",
}


def _names(text: str) -> frozenset[str]:
    return frozenset(" ".join(part.split()) for part in text.split("|"))


# They show their first, second, third or last argument.
FIRST = _names(
    """small|smaller|big|bigger|larger|large|nowrap|nobr|nobreak|nobold|noitalic|sc|smallcaps|smallcaps all
        |em|strong|strike|vanchor|visible anchor|linktext|tooltip|abbr|keypress|key press|kbd|key|code|tt
        |mono|samp|var|mvar|math|nihongo2|nihongo core|center|centre|indent|dfn|term|ruby|ルビ|ふりがな
        |要出典範囲|要検証範囲|要追加記述範囲|独自研究範囲|疑問点範囲|正確性範囲|要説明範囲
        |citation needed span|sic|not a typo|notatypo|as written|補助漢字フォント|jis2004フォント|cjkv
        |拡張漢字|unicode|overline|plainlist|flatlist|nts|number table sorting|flag|flagcountry|flagu|国旗
        |傍点|圏点|下線|取消線|強調|小|大|半角|縦中横|lang-ko-hani|誰範囲2|equationnote|equationref|ウィキリンク"""
)
SECOND = _names("""lang|color|colour|font color|fontcolor|script|wikt-lang|resize|font|fontsize|nihongo3
        |rtl-lang""")
THIRD = _names("colors|background color")
LAST = _names("transl|transliteration|tlit|ipa|ipa-all|発音記号")

# They show a list of their arguments, or the first as a paragraph.
LISTS = _names("unbulleted list|ubl|ubil|vunblist|bulleted list|blist|unordered list|ordered list|collapsible list")
BLOCKS = _names(
    """quote|blockquote|quotation|cquote|rquote|quote box|quotebox|centered pull quote|poemquote|poem quote
        |verse|引用|引用文|columns-list|bquote"""
)

UNITS = {
    "sqmi": "sq mi",
    "sqft": "sq ft",
    "km2": "km²",
    "m2": "m²",
    "cm2": "cm²",
    "mm2": "mm²",
    "m3": "m³",
    "cm3": "cm³",
    "km3": "km³",
    "cuft": "cu ft",
    "cuin": "cu in",
    "c": "°C",
    "f": "°F",
    "k": "K",
    "ftin": "ft",
    "kph": "km/h",
    "impgal": "imp gal",
    "usgal": "US gal",
    "long ton": "long tons",
    "short ton": "short tons",
}

# Name in English and Japanese, and the short form of Japanese.
LANGUAGES = {
    "ar": ("Arabic", "アラビア語", "阿"),
    "az": ("Azerbaijani", "アゼルバイジャン語", ""),
    "bg": ("Bulgarian", "ブルガリア語", ""),
    "ca": ("Catalan", "カタルーニャ語", ""),
    "cs": ("Czech", "チェコ語", ""),
    "cy": ("Welsh", "ウェールズ語", ""),
    "da": ("Danish", "デンマーク語", ""),
    "de": ("German", "ドイツ語", "独"),
    "el": ("Greek", "ギリシア語", "希"),
    "en": ("English", "英語", "英"),
    "es": ("Spanish", "スペイン語", "西"),
    "et": ("Estonian", "エストニア語", ""),
    "eu": ("Basque", "バスク語", ""),
    "fa": ("Persian", "ペルシア語", ""),
    "fi": ("Finnish", "フィンランド語", ""),
    "fr": ("French", "フランス語", "仏"),
    "ga": ("Irish", "アイルランド語", ""),
    "gd": ("Scottish Gaelic", "スコットランド・ゲール語", ""),
    "grc": ("Ancient Greek", "古代ギリシア語", "古希"),
    "he": ("Hebrew", "ヘブライ語", ""),
    "hi": ("Hindi", "ヒンディー語", ""),
    "hr": ("Croatian", "クロアチア語", ""),
    "hu": ("Hungarian", "ハンガリー語", ""),
    "hy": ("Armenian", "アルメニア語", ""),
    "id": ("Indonesian", "インドネシア語", ""),
    "is": ("Icelandic", "アイスランド語", ""),
    "it": ("Italian", "イタリア語", "伊"),
    "ja": ("Japanese", "日本語", "日"),
    "ka": ("Georgian", "グルジア語", ""),
    "ko": ("Korean", "朝鮮語", "朝"),
    "la": ("Latin", "ラテン語", "羅"),
    "lt": ("Lithuanian", "リトアニア語", ""),
    "lv": ("Latvian", "ラトビア語", ""),
    "mn": ("Mongolian", "モンゴル語", ""),
    "ms": ("Malay", "マレー語", ""),
    "nl": ("Dutch", "オランダ語", "蘭"),
    "no": ("Norwegian", "ノルウェー語", ""),
    "pl": ("Polish", "ポーランド語", "波"),
    "pt": ("Portuguese", "ポルトガル語", "葡"),
    "ro": ("Romanian", "ルーマニア語", ""),
    "ru": ("Russian", "ロシア語", "露"),
    "sa": ("Sanskrit", "サンスクリット", "梵"),
    "sk": ("Slovak", "スロバキア語", ""),
    "sq": ("Albanian", "アルバニア語", ""),
    "sr": ("Serbian", "セルビア語", ""),
    "sv": ("Swedish", "スウェーデン語", ""),
    "th": ("Thai", "タイ語", ""),
    "tl": ("Tagalog", "タガログ語", ""),
    "tr": ("Turkish", "トルコ語", ""),
    "uk": ("Ukrainian", "ウクライナ語", ""),
    "vi": ("Vietnamese", "ベトナム語", "越"),
    "zh": ("Chinese", "中国語", "中"),
}

# Flag and name. There is one for each country; these are the most frequent ones.
COUNTRIES = {
    "aus": ("Australia", "オーストラリア"),
    "aut": ("Austria", "オーストリア"),
    "bra": ("Brazil", "ブラジル"),
    "can": ("Canada", "カナダ"),
    "che": ("Switzerland", "スイス"),
    "chn": ("China", "中華人民共和国"),
    "deu": ("Germany", "ドイツ"),
    "esp": ("Spain", "スペイン"),
    "fra": ("France", "フランス"),
    "gbr": ("United Kingdom", "イギリス"),
    "ger": ("Germany", "ドイツ"),
    "ind": ("India", "インド"),
    "ita": ("Italy", "イタリア"),
    "jpn": ("Japan", "日本"),
    "kor": ("South Korea", "大韓民国"),
    "nld": ("Netherlands", "オランダ"),
    "prc": ("China", "中華人民共和国"),
    "rus": ("Russia", "ロシア"),
    "sui": ("Switzerland", "スイス"),
    "swe": ("Sweden", "スウェーデン"),
    "twn": ("Taiwan", "中華民国"),
    "uk": ("United Kingdom", "イギリス"),
    "usa": ("United States", "アメリカ合衆国"),
}

# They show nothing that belongs to a text.
_KINDS = {
    "references": """efn|efn-ua|efn-lr|refn|refnest|sfn|sfnp|sfnm|sfnmp|r|rp|harvnb|harvp|harv|harvtxt|harvcol|harvcolnb
        |harvcoltxt|harvard citation no brackets|ref|note|note label|notetag|ref label|脚注|reflist|notelist
        |notelist2|notelist-ua|notefoot|notes|references|refbegin|refend|脚注ヘルプ|脚注リスト|wayback
        |webarchive|dead link|リンク切れ|google books|isbn|isbn2|issn|doi|oclc|pmid|naid|jstor|arxiv|hdl|ncid|lsj
        |sep|iep|参照方法|in lang|en icon|ja icon|harvid|vr|cnote|cnote2|wikisource1911enc|eb1911""",
    "hatnotes": """main|main article|main2|see|see also|seealso|further|further information|about|other uses
        |other uses2|otheruses|otheruses2|otheruseslist|for|for2|redirect|redirect2|redirect3|redr
        |redirect-distinguish|distinguish|distinguish2|confuse|混同|details|details3|hatnote|rellink|dablink
        |参照|詳細記事|other people|other places|selfref""",
    "maintenance": """citation needed|cn|fact|clarify|clarification needed|clarifyme|when|who|whom|which|where|why|how
        |dubious|vague|page needed|pn|according to whom|by whom|failed verification|verification needed
        |verify source|better source|better source needed|unreliable source?|unreliable source
        |original research inline|relevance inline|update inline|update after|peacock term|weasel inline
        |quantify|specify|example needed|full citation needed|disambiguation needed|dn|needs update
        |undue inline|definition needed|expand section|empty section|unreferenced section|unref section|unreferenced
        |refimprove|refimprove section|more citations needed|more citations needed section|more footnotes
        |multiple issues|original research|pov|cleanup|copy edit|advert|update|tone|inconsistent citations
        |no more links|good article|featured article|要出典|要検証|要説明|要追加記述|いつ|誰|誰2|誰によって
        |どこ|どれ|なぜ|どのように|独自研究|中立的観点|複数の問題|未検証|加筆|節スタブ|観点|内容過剰|正確性
        |雑多な内容の箇条書き|特筆性|更新|信頼性要検証|要高次出典|要文献特定詳細情報|出典無効|要校閲
        |脚注の不足|一次資料|精度|要曖昧さ回避|和らげ|言葉を濁さない|存命人物の出典明記|大言壮語|広告
        |翻訳直後|工事中|現在進行|宣伝|要ページ番号|ページ番号|ウィキ化|わかりにくい|出典の明記|秀逸な記事
        |良質な記事""",
    "pronunciations": "respell|audio|pronunciation|音声|listen|usdict|eqm",
    "navigation": """s-start|s-end|s-bef|s-aft|s-ttl|s-break|s-off|s-reg|start box|end box|succession box|先代次代
        |前後番組|portal|portal bar|portals|portal-inline|ウィキポータルリンク|commons|commonscat
        |commons-inline|wikiquote|wikisource|wiktionary|wikibooks|wikinews|wikiversity|wikivoyage
        |wikispecies|species|sister project links|sisterlinks|ウィキプロジェクトリンク|wikidata
        |wikiatlas|wikisource-inline|sister
        |official website|official|公式サイト|公式ウェブサイト|imdb name|imdb title|dmoz|curlie|twitter
        |facebook|instagram|youtube|allcinema title|navboxes|geographic location|隣接自治体|toc right
        |toc left|toc limit|toc|compact toc|目次|目次右|library resources box|in our time|subject bar
        |kotobank""",
    "metadata": """authority control|normdaten|persondata|use dmy dates|use mdy dates|engvarb|short description
        |italic title|displaytitle|lowercase title|lowercase|記事名の制約|小文字|coord|coord missing
        |ウィキ座標2段度分秒|ウィキ座標度分秒|ウィキ座標|anchor|anchors|アンカー|clear|clear left
        |clear right|div col|div col end|divcol|div end|colbegin|colend|col-begin|col-2|col-3|col-4
        |col-break|col-end|段組|multicol|multicol-break|multicol-end|hidden begin|hidden end|hidden top
        |hidden bottom|pad|sort|bots|nobots|pp|protected|半保護|保護|特殊文字|表記揺れ案内|pathnav|age|年齢
        |満年数|没年齢|死亡年月日と没年齢|生年月日と年齢|birth date and age|death date and age
        |start date and age|inflation|currentyear|currentmonth|legend|legend2|color box|wikipedia books
        |family name hatnote|スタブ|noteta|increase|decrease|steady|増加|減少|hidden sort key|zwsp|wbr|shy""",
    "pictures": """multiple image|multiple images|double image|wide image|tall image|css image crop|external media
        |gallery|画像提供依頼|flagicon|flag icon|flagdeco|flagicon image|chart|bartable|bar chart|bar box
        |bar percent|graph:chart|location map|location map+|location map many|osm location map
        |annotated image|clade|familytree|chart/start|chart/end|tree chart|ahnentafel|climate chart
        |weather box|historical populations|us census population|人口統計|panorama|bs-map|routemap
        |map caption""",
}
DROPPED = {name: kind for kind, names in _KINDS.items() for name in _names(names)}
DROPPED_LIKE = (
    (re.compile("^cite|^vcite|^citation"), "citations"),
    (re.compile("infobox|^基礎情報|taxobox|^speciesbox|^生物分類表|^drugbox|^chembox|^geobox"), "infoboxes"),
    (re.compile("navbox|^campaignbox|sidebar| topics$|^footer| in topic$"), "navigation"),
    (re.compile("^ipac?-|^audio"), "pronunciations"),
    (re.compile("^ref-|^sfn|^harv|^efn| author$"), "references"),
    (re.compile("stub$|スタブ$|^pp-|^use .* english$|^bs[0-9]|^r (?:from|to) | icon$|^commons|^pathnav"), "metadata"),
)

DISAMBIGUATION = _names(
    """disambiguation|disambig|disamb|dab|hndis|geodis|numberdis|letterdis|human name disambiguation
        |place name disambiguation|disambiguation page|disambiguation cleanup
        |letter-number combination disambiguation|school disambiguation|hospital disambiguation
        |airport disambiguation|mathdab|mathematical disambiguation|曖昧さ回避|aimai|人名の曖昧さ回避
        |地名の曖昧さ回避|同名の地名"""
)
