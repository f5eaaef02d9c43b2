from __future__ import annotations

from collections.abc import Mapping

from jettison.selection import Policy, Rule, SelectionOptions
from jettison.trace import Operation
from support.elf import make_elf
from support.layers import Content
from support.selecting import reason_of, select
from support.trees import Symlink, make_config, make_rootfs

_LIB = "/usr/lib/x86_64-linux-gnu"
_PLAIN = make_elf()
_OBSERVED = SelectionOptions(policy=Policy.OBSERVED)


def test_needs_are_followed_to_the_end() -> None:
    rootfs = make_rootfs(
        {
            "/usr/bin/app": make_elf(needed=("liba.so.1",), interpreter="/lib64/ld.so"),
            "/lib64/ld.so": Symlink(target=f"{_LIB}/ld.so"),
            f"{_LIB}/ld.so": _PLAIN,
            f"{_LIB}/liba.so.1": Symlink(target="liba.so.1.2"),
            f"{_LIB}/liba.so.1.2": make_elf(needed=("libb.so",)),
            f"{_LIB}/libb.so": _PLAIN,
            f"{_LIB}/libc.so": _PLAIN,
        }
    )
    selection = select(rootfs, {"/usr/bin/app": Operation.EXEC}, options=_OBSERVED)
    assert {"/lib64/ld.so", f"{_LIB}/ld.so", f"{_LIB}/liba.so.1", f"{_LIB}/libb.so"} <= set(
        selection.kept
    )
    reason = reason_of(selection, f"{_LIB}/libb.so")
    assert (reason.rule, reason.detail) == (Rule.ELF, "DT_NEEDED libb.so")
    assert reason.because == f"{_LIB}/liba.so.1.2"
    assert f"{_LIB}/libc.so" not in selection.kept


def test_an_rpath_of_the_program_holds_for_its_libraries() -> None:
    rootfs = make_rootfs(
        {
            "/opt/app/bin/app": make_elf(needed=("liba.so",), rpath="$ORIGIN/../lib"),
            "/opt/app/lib/liba.so": make_elf(needed=("libb.so",)),
            "/opt/app/lib/libb.so": _PLAIN,
            "/opt/app/lib/libc.so": _PLAIN,
        }
    )
    selection = select(rootfs, {"/opt/app/bin/app": Operation.EXEC}, options=_OBSERVED)
    assert "/opt/app/lib/libb.so" in selection.kept
    assert "/opt/app/lib/libc.so" not in selection.kept


def test_libraries_named_in_strings_of_what_can_open_them() -> None:
    rootfs = make_rootfs(
        {
            "/usr/bin/opener": make_elf(
                symbols=("dlopen",), constants=("libcurl.so.4", "libno.so")
            ),
            "/usr/bin/talker": make_elf(constants=("libtalk.so.1",)),
            f"{_LIB}/libcurl.so.4": _PLAIN,
            f"{_LIB}/libtalk.so.1": _PLAIN,
        }
    )
    accesses = {"/usr/bin/opener": Operation.EXEC, "/usr/bin/talker": Operation.EXEC}
    closure = select(rootfs, accesses)
    assert "libcurl.so.4" in reason_of(closure, f"{_LIB}/libcurl.so.4").detail
    assert f"{_LIB}/libtalk.so.1" not in closure.kept
    assert f"{_LIB}/libcurl.so.4" not in select(rootfs, accesses, options=_OBSERVED).kept


def test_what_glibc_opens_by_name() -> None:
    rootfs = make_rootfs(
        {
            "/usr/bin/app": make_elf(needed=("libc.so.6",)),
            f"{_LIB}/libc.so.6": make_elf(
                soname="libc.so.6", symbols=("dlopen",), constants=("libidn2.so.0",)
            ),
            f"{_LIB}/libgcc_s.so.1": _PLAIN,
            f"{_LIB}/libnss_files.so.2": _PLAIN,
            f"{_LIB}/libnss_winbind.so.2": _PLAIN,
            f"{_LIB}/libidn2.so.0": _PLAIN,
            "/etc/ld.so.cache": b"cache",
            "/etc/nsswitch.conf": b"# winbind\nhosts: files dns [NOTFOUND=return]\n",
        }
    )
    selection = select(rootfs, {"/usr/bin/app": Operation.EXEC})
    assert {f"{_LIB}/libgcc_s.so.1", f"{_LIB}/libnss_files.so.2", "/etc/ld.so.cache"} <= set(
        selection.kept
    )
    assert f"{_LIB}/libnss_winbind.so.2" not in selection.kept
    assert f"{_LIB}/libidn2.so.0" not in selection.kept


def test_converters_stay_where_a_library_converts() -> None:
    content = {
        "/usr/bin/app": make_elf(needed=("libxml2.so",)),
        "/usr/bin/sh": make_elf(symbols=("iconv_open",)),
        f"{_LIB}/gconv/SJIS.so": _PLAIN,
    }
    with_iconv = make_rootfs({**content, f"{_LIB}/libxml2.so": make_elf(symbols=("iconv_open",))})
    without = make_rootfs({**content, f"{_LIB}/libxml2.so": _PLAIN})
    accesses = {"/usr/bin/app": Operation.EXEC, "/usr/bin/sh": Operation.EXEC}
    assert f"{_LIB}/gconv/SJIS.so" in select(with_iconv, accesses).kept
    assert f"{_LIB}/gconv/SJIS.so" not in select(without, accesses).kept


def test_plug_ins_of_the_same_source_package() -> None:
    info = "/var/lib/dpkg/info"
    rootfs = make_rootfs(
        {
            f"{_LIB}/libmagick.so.7": make_elf(
                symbols=("dlopen",), constants=(f"{_LIB}/coders", f"{_LIB}/strange")
            ),
            f"{_LIB}/coders/png.so": _PLAIN,
            f"{_LIB}/strange/x.so": _PLAIN,
            "/var/lib/dpkg/status": b"Package: magick\nStatus: install ok installed\nVersion: 1\n"
            b"\nPackage: strange\nStatus: install ok installed\nVersion: 1\n",
            f"{info}/magick.list": f"{_LIB}/libmagick.so.7\n{_LIB}/coders/png.so\n".encode(),
            f"{info}/strange.list": f"{_LIB}/strange/x.so\n".encode(),
        }
    )
    selection = select(rootfs, {f"{_LIB}/libmagick.so.7": Operation.OPEN})
    assert f"{_LIB}/coders/png.so" in selection.kept
    assert f"{_LIB}/strange/x.so" not in selection.kept


def test_lists_of_plug_ins_that_no_package_owns_stay_with_them() -> None:
    owned = (f"{_LIB}/libz.so.1", f"{_LIB}/graphviz/dot.so", f"{_LIB}/pixbuf/loaders/svg.so")
    made = (f"{_LIB}/graphviz/config6a", f"{_LIB}/pixbuf/loaders.cache")
    others = (f"{_LIB}/orphan", f"{_LIB}/orphan.cache", f"{_LIB}/pixbuf/notes")
    rootfs = make_rootfs(
        {
            **dict.fromkeys(owned, _PLAIN),
            **dict.fromkeys((*made, *others), b"made by a script"),
            "/var/lib/dpkg/status": b"Package: g\nStatus: install ok installed\nVersion: 1\n",
            "/var/lib/dpkg/info/g.list": "\n".join(owned).encode(),
        }
    )
    selection = select(rootfs, dict.fromkeys(owned, Operation.OPEN))
    assert set(made) <= selection.kept.keys()
    assert selection.kept.keys().isdisjoint(others)
    assert reason_of(selection, made[0]).detail == "made beside the plug-in as it was installed"


def _keeps_legacy(
    *opened: str, config: bytes = b"# legacy = legacy_sect\n", env: Mapping[str, str] | None = None
) -> bool:
    """Whether OpenSSL's provider of old algorithms stays where these files were opened."""
    provider = f"{_LIB}/ossl-modules/legacy.so"
    rootfs = make_rootfs(
        {
            f"{_LIB}/libcrypto.so.3": make_elf(
                soname="libcrypto.so.3",
                symbols=("dlopen", "OSSL_PROVIDER_load"),
                constants=(f"{_LIB}/ossl-modules",),
            ),
            "/usr/bin/loader": make_elf(symbols=("OSSL_PROVIDER_try_load",)),
            "/usr/bin/talker": make_elf(symbols=("OSSL_PROVIDER_do_all",)),
            provider: _PLAIN,
            "/etc/ssl/openssl.cnf": config,
            "/srv/own.cnf": b"[providers]\nlegacy = legacy_sect\n",
            "/var/lib/dpkg/status": b"Package: libssl3\nStatus: install ok installed\nVersion: 1\n",
            "/var/lib/dpkg/info/libssl3.list": f"{_LIB}/libcrypto.so.3\n{provider}\n".encode(),
        }
    )
    accesses = dict.fromkeys((f"{_LIB}/libcrypto.so.3", *opened), Operation.OPEN)
    return provider in select(rootfs, accesses, config=make_config(env=env)).kept


def test_providers_stay_where_a_program_or_the_configuration_loads_them() -> None:
    assert not _keeps_legacy()
    assert not _keeps_legacy("/usr/bin/talker")
    assert _keeps_legacy("/usr/bin/loader")
    assert _keeps_legacy(config=b"[providers]\n legacy=legacy_sect\n")
    assert _keeps_legacy(config=b".include /etc/ssl/fips.cnf\n")
    assert _keeps_legacy(env={"OPENSSL_CONF": "/srv/own.cnf"})


def test_ld_library_path_of_the_image() -> None:
    from support.trees import make_config

    rootfs = make_rootfs({"/usr/bin/app": make_elf(needed=("libx.so",)), "/env/libx.so": _PLAIN})
    accesses = {"/usr/bin/app": Operation.EXEC}
    told = make_config(env={"LD_LIBRARY_PATH": "/env"})
    assert "/env/libx.so" in select(rootfs, accesses, config=told).kept
    assert "/env/libx.so" not in select(rootfs, accesses).kept


def test_settings_of_pam_stay_with_it() -> None:
    settings = ("/etc/pam.d/cron", "/etc/pam.d/common-auth", "/etc/security/limits.conf")
    base: Content = {
        "/etc/os-release": b"ID=debian\n",
        "/usr/bin/crond": make_elf(needed=("libpam.so.0",)),
        "/usr/lib/libpam.so.0": make_elf(soname="libpam.so.0"),
        "/etc/login.defs": b"",
        "/etc/shadow": b"root:*:::::::\n",
        **dict.fromkeys(settings, b""),
    }
    rootfs = make_rootfs(base)
    kept = select(rootfs, config=make_config(cmd=("/usr/bin/crond",))).kept
    assert {*settings, "/etc/login.defs", "/etc/shadow"} <= set(kept)
    others = select(rootfs, config=make_config(cmd=("/usr/bin/other",))).kept
    assert set(others).isdisjoint({*settings, "/etc/login.defs", "/etc/shadow"})
