"""Results as plots: SVG files that can be read on any background.

The background is transparent; texts and bars are of a middle
lightness.  Texts stay texts, in the reader's own font.  Each file
holds its figures as a description.  Only draw() needs matplotlib.
"""

import collections

from .results import name, value
from .tables import number

__all__ = ["Chart", "charts", "describe", "draw"]

# rows: a label for each group of bars; series: a dict of lists of values,
# None where there is none; log: whether the axis is logarithmic, and the
# bars begin at 1.
Chart = collections.namedtuple("Chart", "file title rows series log")

GREY = "#757575"
COLOURS = ("#3b82c4", "#c9741f", "#8a63b8", "#4b9150")
# Inches.  A phone shows five inches at about three quarters.
WIDTH, BAR, MARGIN = 5, 0.2, 0.9


def charts(several):
    """Return the charts of the results of *several* Pythons."""
    suites = several[0]["suites"]
    found = []

    def by_python(file, title, log, suite, rows, figure):
        found.append(Chart(file, title, rows, {
            name(results): [value(figure(results["suites"][suite], row))
                            for row in rows] for results in several}, log))

    if "three" in suites:
        by_python("performance-shapes", "JSON's time as a multiple of text's",
                  True, "three", [row for row, columns in
                                  suites["three"].items()
                                  if "JSON" in columns],
                  lambda rows, row: rows[row]["JSON"])
    if "formatting" in suites:
        by_python("performance-others",
                  "A mix of records: multiples of text's time",
                  True, "formatting", [*suites["formatting"]["mix"]],
                  lambda rows, column: rows["mix"].get(column))
    if "end to end" in suites:
        by_python("performance-calls",
                  "A logging call: multiples of text's time",
                  False, "end to end", [*suites["end to end"]["plain"]],
                  lambda rows, column: rows["plain"].get(column))
    if "scripts" in suites:
        rows = suites["scripts"]
        found.append(Chart(
            "performance-scripts", "Bytes of a JSON line", [*rows],
            {column: [rows[row][column] for row in rows]
             for column in ("ASCII", "UTF-8")}, False))
    return found


def describe(chart):
    """Return a text with all that *chart* shows."""
    lines = [chart.title]
    for series, values in chart.series.items():
        lines += ["%s, %s: %s" % (series, row, _label(value))
                  for row, value in zip(chart.rows, values)]
    return "; ".join(lines)


def draw(chart, path):
    """Write *chart* to *path*; the same figures give the same bytes."""
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot, ticker

    count = len(chart.series)
    groups = [row * (count + 1) for row in range(len(chart.rows))]
    start = 1 if chart.log else 0
    with matplotlib.rc_context({
            "svg.fonttype": "none", "svg.hashsalt": chart.file,
            "font.family": "sans-serif", "font.size": 11, "text.color": GREY,
            "axes.edgecolor": GREY, "xtick.color": GREY,
            "ytick.color": GREY}):
        figure, axes = pyplot.subplots(
            figsize=(WIDTH, MARGIN + BAR * (count + 1) * len(groups)),
            layout="constrained")
        # Room for a reader's font that is wider.
        figure.get_layout_engine().set(w_pad=0.15, h_pad=0.1)
        for place, (series, values) in enumerate(chart.series.items()):
            bars = axes.barh(
                [group + place for group in groups],
                [(start if value is None else value) - start
                 for value in values],
                0.9, start, label=series, color=COLOURS[place])
            axes.bar_label(bars, [*map(_label, values)], padding=3)
        axes.set_yticks([group + (count - 1) / 2 for group in groups],
                        [row.replace(", ", ",\n") for row in chart.rows])
        axes.invert_yaxis()
        axes.margins(x=0.2, y=0.01)
        axes.axvline(start, color=GREY, linewidth=1)
        if chart.log:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
            axes.xaxis.set_minor_formatter(ticker.NullFormatter())
        for side in "top", "right", "left":
            axes.spines[side].set_visible(False)
        axes.tick_params(left=False)
        figure.suptitle(chart.title, fontsize=12)
        figure.legend(loc="outside lower right", ncols=count, frameon=False)
        figure.savefig(path, format="svg", transparent=True, metadata={
            "Date": None, "Title": chart.title,
            "Description": describe(chart)})
        pyplot.close(figure)


def _label(value):
    return "--" if value is None else number(value)
