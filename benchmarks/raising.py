"""Functions that call each other, the last of which raises."""

__all__ = ["serve", "save", "total", "price"]


def serve(order):
    return save(order)


def save(order):
    return total(order["lines"])


def total(lines):
    return sum(map(price, lines))


def price(line):
    raise ValueError("no price for %s" % line["sku"])
