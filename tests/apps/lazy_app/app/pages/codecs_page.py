def shift_jis():
    return {"bytes": "日本".encode("shift_jis").hex()}


def idna():
    return {"host": "bücher.example".encode("idna").decode()}


def idna_2008():
    import idna as idna_library

    return {
        "host": idna_library.encode("faß.example").decode(),
        "name": idna_library.decode("xn--fa-hia.example"),
    }


def others():
    import codecs
    import unicodedata

    return {
        "rot13": codecs.encode("abc", "rot_13"),
        "big5": "中".encode("big5").hex(),
        "cp1140": "A".encode("cp1140").hex(),
        "name": unicodedata.name("é"),
    }
