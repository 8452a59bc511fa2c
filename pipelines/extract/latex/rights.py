"""What a LaTeX source says of its licence: in the comments that it begins with, to its packages, in so many words."""

import re

from pipelines.extract import licences
from pipelines.extract.rights import MAX_LICENCES, MAX_WORDS, Licence, Rights

#: Characters that are looked at: licences stand at the beginning.
MAX_HEAD = 20_000

_COMMENTED = re.compile(r"%+[ \t]*(.*)")
_SENTENCE_END = re.compile(r"(?<=\.)\s")
_LICENCE = re.compile("licen[cs]e", re.IGNORECASE)
_URL_KEY = re.compile(r"pdflicenseurl\s*=\s*\{\s*([^{}\s]{1,500})\s*\}")
_DOCLICENSE = re.compile(r"\\usepackage\s*\[([^\[\]]{0,300})\]\s*\{doclicense\}")
_OPTION = re.compile(r"(type|modifier|version)\s*=\s*\{?\s*([\w.-]{1,20})")
_LICENSED = re.compile(r"\b(?:is|are) licensed under\b[^.%\\{}]{1,200}(?:\.\d[^.%\\{}]{0,60})?", re.IGNORECASE)


def read(source: str) -> Rights:
    """The licences that are stated, each with where: "comment", "pdflicenseurl", "doclicense" or "text"."""
    head = source[:MAX_HEAD]
    found: dict[Licence, None] = {}
    for where, words, url in _stated(head):
        if spdx := licences.name(words, url):
            stated = f"{words} <{url}>" if words and url else words or url
            found[Licence(stated[:MAX_WORDS], spdx, where)] = None
    return Rights(licences=tuple(found)[:MAX_LICENCES])


def _stated(head: str) -> list[tuple[str, str, str]]:
    stated: list[tuple[str, str, str]] = []
    comments: list[str] = []
    for line in head.split("\n"):
        if commented := _COMMENTED.match(line):
            comments.append(commented[1])
        elif line.strip():
            break
    sentences = filter(_LICENCE.search, _SENTENCE_END.split(" ".join(comments)))
    stated += (("comment", " ".join(sentence.split())[:MAX_WORDS], "") for sentence in sentences)
    stated += (("pdflicenseurl", "", url) for url in _URL_KEY.findall(head))
    for options in _DOCLICENSE.findall(head):
        said = dict(_OPTION.findall(options))
        if {"type", "version"} <= said.keys():
            parts = (said["type"], said.get("modifier", ""), said["version"])
            stated.append(("doclicense", " ".join(filter(None, parts)), ""))
    shown = re.sub(r"(?<!\\)%[^\n]*\n?", "", head)
    stated += (("text", " ".join(words.split())[:MAX_WORDS], "") for words in _LICENSED.findall(shown))
    return stated[: 2 * MAX_LICENCES]
