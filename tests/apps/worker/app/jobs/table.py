import csv
import io
import statistics


def work(text):
    rows = list(csv.DictReader(io.StringIO(text.replace(";", "\n"))))
    return str(statistics.mean(float(row["n"]) for row in rows))
