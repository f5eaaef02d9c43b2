from string import capwords


def greet(name):
    return capwords(f"hello {name}") + "!"
