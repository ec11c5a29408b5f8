"""Numbers in all the ways people and models write them, read exactly."""

import re
from dataclasses import dataclass
from fractions import Fraction

_DIGITS = str.maketrans(
    "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\u2212\uff0e\u2044", "0123456789-./"
)
_VULGAR = {"\u00bd": "1/2", "\u2153": "1/3", "\u2154": "2/3", "\u00bc": "1/4", "\u00be": "3/4"}
_CURRENCY = r"(?:\\?\$|[\u20ac\u00a3\u00a5\u20b9]|USD|EUR)"
_GAP = "[\u00a0\u2009\u202f_'\u2019]"
_WHOLE = rf"(?:[1-9][0-9]{{0,2}}(?:(?:,[0-9]{{2,3}}){{0,30}},[0-9]{{3}}|(?:{_GAP}[0-9]{{3}})+)|[0-9]{{1,400}})"
_PLAIN = rf"(?:{_WHOLE}(?:\.[0-9]{{1,400}})?|\.[0-9]{{1,400}})(?:[eE][-+]?[0-9]{{1,3}}(?![0-9]))?"
_FRAC = r"\\[dt]?frac\s*(?:\{\s*(?P<a>-?[0-9]{1,400})\s*\}\s*\{\s*(?P<b>[0-9]{1,400})\s*\}|(?P<c>[0-9])\s*(?P<d>[0-9]))"
_UNIT = re.compile(r"(?:[^\W\d_]|\u00b0)(?:[^\W\d_]|[\u00b0/ ^.23]){0,40}")
_ONE_LETTER_UNITS = frozenset("mgshlv")
_WRITTEN = re.compile(
    rf"(?P<sign>[-+]?)\s*+(?:{_CURRENCY}\s*+)?(?:(?P<mixed>[0-9]{{1,9}})(?:\s++|(?=\\)))?"
    rf"(?:(?P<numerator>{_PLAIN})(?:\s*/\s*(?P<denominator>{_WHOLE}))?|{_FRAC})(?P<rest>.*)",
    re.DOTALL,
)
_DECIMAL_COMMA = re.compile(r"(?P<sign>[-+]?)(?P<whole>[0-9]{1,30}),(?P<part>[0-9]{1,30})")
IN_PROSE = re.compile(
    rf"(?:(?<![\w)\]}}.,/])[-+](?=[\d$.\\]))?(?:{_CURRENCY}\s?)?(?<![\w.])"
    rf"(?:\\[dt]?frac\s*\{{\s*-?[0-9]{{1,30}}\s*\}}\s*\{{\s*[0-9]{{1,30}}\s*\}}"
    rf"|[0-9]{{1,30}},[0-9]{{1,30}}(?![0-9,])"
    rf"(?<![1-9],[0-9]{{3}})(?<![1-9][0-9],[0-9]{{3}})(?<![1-9][0-9]{{2}},[0-9]{{3}})"
    rf"|{_PLAIN}(?:\s?/\s?{_WHOLE}(?!\w))?)(?:\s?\\?%)?"
)
"""A number among words; not the digits of a word such as `x2`."""
_ALIASES = {
    "percent": "%",
    "per cent": "%",
    "pct": "%",
    "dollar": "$",
    "usd": "$",
    "euro": "\u20ac",
    "eur": "\u20ac",
    "pound": "\u00a3",
    "cent": "\u00a2",
    "metre": "m",
    "meter": "m",
    "kilometre": "km",
    "kilometer": "km",
    "centimetre": "cm",
    "centimeter": "cm",
    "millimetre": "mm",
    "millimeter": "mm",
    "gram": "g",
    "kilogram": "kg",
    "kilo": "kg",
    "second": "s",
    "sec": "s",
    "minute": "min",
    "hour": "h",
    "hr": "h",
    "degree": "\u00b0",
    "litre": "l",
    "liter": "l",
    "inche": "inch",
}


@dataclass(frozen=True)
class Quantity:
    """A number and the unit that follows it."""

    value: Fraction
    unit: str = ""

    @property
    def text(self) -> str:
        """One way to write it: `1/2`, `1000`, `50%`."""
        return f"{self.value}{self.unit if self.unit == '%' else ''}"


def parse(text: str) -> Quantity | None:
    """Return the number that a text is, with its unit; None where it is more than that."""
    plain = _bare(text)
    comma = _DECIMAL_COMMA.fullmatch(plain)
    if comma and not re.fullmatch(r"[-+]?[1-9][0-9]{0,2},[0-9]{3}", plain):
        return Quantity(Fraction(f"{comma['sign']}{comma['whole']}.{comma['part']}"))
    spaced = re.fullmatch(r"([-+]?[1-9][0-9]{0,2})((?: [0-9]{3})+)(\.[0-9]+)?", plain)
    match = _WRITTEN.fullmatch(plain.replace(" ", "") if spaced else plain)
    if match is None:
        return None
    unit = _unit(match["rest"])
    value = _value(match)
    return None if unit is None or value is None else Quantity(value, unit)


def _bare(text: str) -> str:
    """Without the signs around a number that say nothing: Markdown, LaTeX's, quotes, a full stop."""
    plain = text.translate(_DIGITS)
    for sign, written in _VULGAR.items():
        plain = plain.replace(sign, f" {written}")
    plain = re.sub(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}", r" \1", plain)
    plain = re.sub(r"\\[,;:!() \[\]]|\\(?:left|right)|\{,\}", lambda match: "," if match[0] == "{,}" else "", plain)
    plain = " ".join(plain.split()).strip(" *`\"'_").rstrip(".!").strip(" *`\"'_")
    if plain.startswith("$") and plain.endswith("$") and len(plain) > 1:
        plain = plain[1:-1].strip(" *`")
    return plain[1:-1].strip() if re.fullmatch(r"\([^(),]*[0-9]\)|\[[^\[\],]*[0-9]\]", plain) else plain


def _value(match: re.Match[str]) -> Fraction | None:
    if match["numerator"] is not None:
        value = Fraction(re.sub(rf",|{_GAP}", "", match["numerator"]))
        below = int(re.sub(rf",|{_GAP}", "", match["denominator"] or "1"))
    else:
        value, below = Fraction(match["a"] or match["c"]), int(match["b"] or match["d"])
    if below == 0:
        return None
    value /= below
    if match["mixed"] is not None:
        if match["denominator"] is None and match["numerator"] is not None:
            return None
        value += int(match["mixed"])
    return -value if match["sign"] == "-" else value


def _unit(rest: str) -> str | None:
    """The unit written after a number, `%` for a percentage, empty for none; None for what is no unit."""
    plain = rest.strip().rstrip("$*`.").replace("\\", "").strip().casefold()
    if plain in ("", "%"):
        return plain
    if not _UNIT.fullmatch(plain) or len(plain.split()) > 3 or re.search(r"\b(?:to|or|and|not)\b", plain):
        return None
    if len(plain) == 1 and plain.isalpha() and plain not in _ONE_LETTER_UNITS:
        return None
    singular = plain.removesuffix("s") if len(plain) > 2 else plain
    return _ALIASES.get(plain) or _ALIASES.get(singular) or singular


def are_equal(stated: Quantity, known: Quantity) -> bool:
    """Say whether two numbers are the same. A unit counts where both have one; 50 % is 50 or 0.5 where one has none."""
    if stated.unit and known.unit and stated.unit != known.unit:
        return False
    if stated.value == known.value or _is_rounded(stated.value, known.value) or _is_rounded(known.value, stated.value):
        return True
    if (stated.unit == "%") != (known.unit == "%"):
        return stated.value == known.value / 100 if known.unit == "%" else stated.value / 100 == known.value
    return False


def _is_rounded(decimal: Fraction, endless: Fraction) -> bool:
    """Whether one is the other, which no decimal writes in full, rounded to six places or more."""
    places = next((n for n in range(6, 31) if 10**n % decimal.denominator == 0), None)
    if places is None or 10**400 % endless.denominator == 0:
        return False
    return abs(decimal - endless) * 2 * 10**places <= 1
