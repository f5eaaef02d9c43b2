import hashlib


def work(text):
    return hashlib.sha256(text.encode()).hexdigest()
