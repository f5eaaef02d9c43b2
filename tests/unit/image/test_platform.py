from jettison.image.platform import Platform


def test_what_would_act_on_a_terminal_is_shown_escaped() -> None:
    assert str(Platform(os="linux", architecture="\x1b[31mred\n")) == r"linux/\x1b[31mred\n"
    assert str(Platform(os="linux", architecture="arm", variant="v7")) == "linux/arm/v7"
