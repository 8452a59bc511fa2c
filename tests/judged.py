"""Good and bad texts in our own words, as many as are asked for, and a model that tells them apart."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from pipelines.train.quality import train

_GOOD = {
    "ja": (
        "水は温めると膨らみ、冷やすと縮みます。", "この性質を利用したものが温度計です。",
        "ところが四度より下では逆になります。",
        "そのため池の氷は上から張るのです。", "魚が冬を越せるのはこの理由によります。", "実験で確かめてみましょう。",
        "まず瓶に水を満たし、静かに置きます。", "次に一晩外に出しておきます。",
        "朝になると瓶は割れているかもしれません。",
    ),
    "en": (
        "Water expands when it is heated, and it contracts as it cools.", "A thermometer makes use of this property.",
        "Below four degrees, however, the opposite is true.", "That is why a pond freezes from the top.",
        "Fish survive the winter for this reason.", "We can test the claim with a simple experiment.",
        "First fill a bottle with water and close it.", "Then leave it outside for one cold night.",
    ),
}  # fmt: skip
_BAD = {
    "ja": ("ホーム", "お問い合わせ", "送料無料", "今すぐ購入", "カートに入れる", "ログイン", "会員登録", "ランキング",
           "激安セール", "サイトマップ", "次へ", "前へ", "もっと見る", "価格 1980円", "在庫あり"),
    "en": ("Home", "Contact us", "Free shipping", "Buy now!!!", "Add to cart", "Log in", "Sign up", "Best sellers",
           "Click here", "Site map", "Next", "Previous", "Read more", "Only $19.80", "In stock"),
}  # fmt: skip


def good(lang: str, count: int, seed: int = 0) -> list[str]:
    draw = random.Random(f"good {lang} {seed}")
    space = "" if lang == "ja" else " "
    return [space.join(draw.choices(_GOOD[lang], k=draw.randint(5, 12))) for _ in range(count)]


def bad(lang: str, count: int, seed: int = 0) -> list[str]:
    draw = random.Random(f"bad {lang} {seed}")
    return ["\n".join(draw.choices(_BAD[lang], k=draw.randint(12, 30))) for _ in range(count)]


def lines(path: Path, texts: Sequence[str]) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def small_model(folder: Path, languages: Sequence[str] = ("ja", "en"), count: int = 60) -> Path:
    """quality.bin in the folder, with its card."""
    positive = lines(folder / "good.jsonl", [text for lang in languages for text in good(lang, count)])
    negative = lines(folder / "bad.jsonl", [text for lang in languages for text in bad(lang, count)])
    train([positive], [negative], folder / "quality.bin", languages)
    return folder / "quality.bin"
