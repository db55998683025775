"""What logging costs: this package's formatters, logging's, and others'.

    python -m benchmarks                    everything, to a results file
    python -m benchmarks --quick            an answer in under a minute
    python -m benchmarks limits             measured values beside limits
    python -m benchmarks compare OLD NEW    ratios of two results files
    python -m benchmarks tables RESULTS...  tables for the documentation
    python -m benchmarks plots RESULTS...   plots for the documentation
    python -m benchmarks publish            run, save, tables and plots
    python -m benchmarks shipping           the handlers; see shipping.py

A figure is a ratio.  The candidates do the same work in one process,
taking turns, their order rotated every round.  Each round gives one
ratio of a candidate's time to that of logging.Formatter with a line of
text, and the median over all rounds is the figure.  Times are the
thread's own CPU time, with the garbage collector off while it is
measured.  Records are fresh: from 64 call sites and 8 loggers, their
time advancing, a new exception for each.
"""
