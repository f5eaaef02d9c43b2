def greet():
    from importlib.metadata import entry_points

    found = {point.name: point.load() for point in entry_points(group="lazy.greeters")}
    return {name: greeter("ada") for name, greeter in sorted(found.items())}


def versions():
    from importlib.metadata import requires, version

    return {"flask": version("flask"), "requires": len(requires("flask") or ()) > 0}


def wording():
    from importlib.resources import files

    text = files("lazy_reports.data").joinpath("wording.txt").read_text()
    return {"text": text.strip().format(count=3)}
