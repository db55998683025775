"""Bytes of a line, plain and compressed."""

import gzip
import random

from .records import Records, Shape

__all__ = ["SCRIPTS", "line_bytes"]

# The first article of the Universal Declaration of Human Rights, whose
# words are put together at random; what stands between two words; and
# how many make a message.
SCRIPTS = {
    "English": (
        "All human beings are born free and equal in dignity and rights",
        " ", 8),
    "Polish": (
        "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności "
        "i swych praw", " ", 8),
    "Greek": (
        "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια "
        "και τα δικαιώματα", " ", 8),
    "Russian": (
        "Все люди рождаются свободными и равными в своём достоинстве и "
        "правах", " ", 8),
    "Arabic": (
        "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق", " ", 8),
    "Hindi": (
        "सभी मनुष्यों को गौरव और अधिकारों के विषय में जन्मजात स्वतन्त्रता "
        "और समानता प्राप्त है", " ", 8),
    "Chinese": ("人人 生 而 自由 在 尊严 和 权利 上 一律 平等", "", 12),
    "Japanese": (
        "すべて の 人間は 生まれ ながらに して 自由 であり かつ 尊厳と "
        "権利 とに ついて 平等 である", "", 10),
}


def line_bytes(formatter, script, count):
    """
    Return the bytes of a line, on average over *count* lines: as UTF-8,
    and as one gzip stream.  Half of the records have two extras.
    """
    text, between, length = SCRIPTS[script]
    draw = random.Random(1)
    records, lines = Records(step=0.37), []
    for _ in range(count):
        message = between.join(draw.choices(text.split(), k=length))
        extra = {"customer": draw.randrange(10**6),
                 "total": draw.randrange(10**5) / 100}
        lines.append(formatter.format(records.make(Shape(
            message, extra=draw.choice([extra, None])))) + "\n")
    data = "".join(lines).encode()
    return {"plain": round(len(data) / count, 1),
            "gzip": round(len(gzip.compress(data)) / count, 1)}
