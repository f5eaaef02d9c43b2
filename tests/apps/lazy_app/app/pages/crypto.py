def fernet():
    from cryptography.fernet import Fernet

    box = Fernet(Fernet.generate_key())
    return {"text": box.decrypt(box.encrypt(b"secret")).decode()}


def sign():
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(b"x", ec.ECDSA(hashes.SHA256()))
    key.public_key().verify(signature, b"x", ec.ECDSA(hashes.SHA256()))
    return {"signed": True}


def digests():
    import hashlib
    import hmac

    names = ("sha256", "sha3_256", "blake2b", "md5")
    return {
        "digests": [hashlib.new(name, b"x").hexdigest()[:8] for name in names],
        "mac": hmac.new(b"k", b"x", "sha512").hexdigest()[:8],
        "scrypt": hashlib.scrypt(b"p", salt=b"s", n=2, r=1, p=1).hex()[:8],
    }
