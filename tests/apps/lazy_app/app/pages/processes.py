def double(number):
    return number * 2


def spawn():
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return {"doubled": pool.map(double, [1, 2])}


def gzip():
    import subprocess

    packed = subprocess.run(["gzip", "-c"], input=b"x" * 500, capture_output=True, check=True)
    plain = subprocess.run(["gzip", "-dc"], input=packed.stdout, capture_output=True, check=True)
    return {"smaller": len(packed.stdout) < 100, "size": len(plain.stdout)}


def shell():
    import os

    return {"sorted": os.popen("printf 'b\\na\\n' | sort | head -n 1").read().strip()}


def threads():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        return {"doubled": list(pool.map(double, [3, 4]))}
