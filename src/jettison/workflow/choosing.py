"""Which image of a place is meant: all that a name stands for, or the one for a platform."""

from __future__ import annotations

from dataclasses import replace

from jettison.errors import ImageNotFoundError, InvalidImageError
from jettison.image import Descriptor, ImageConfig, Index, Manifest, Platform
from jettison.image.choose import choose_manifest, is_image
from jettison.image.mediatypes import CONFIGS, INDEXES
from jettison.transport.oci_layout import CONTAINERD_NAME, REF_NAME
from jettison.transport.originals import Holder
from jettison.transport.schemes import Target
from jettison.workflow.image_request import SourceRequest


def choose_one(holder: Holder, target: Target, request: SourceRequest) -> Descriptor:
    """The one image for the platform that was asked for, or for this host's.

    Raises: ImageNotFoundError; InvalidImageError.
    """
    choice = choose_manifest(
        holder.roots, request.platform, holder.read, reference=str(target)
    ).descriptor
    own = platform_of(holder, choice)
    if request.platform_asked and not request.platform.accepts(own):
        raise ImageNotFoundError(
            f"{target} is for {own} alone, not for {request.platform}",
            hint="leave --platform out to take what there is",
        )
    return unnamed(choice)


def platform_of(holder: Holder, manifest: Descriptor) -> Platform:
    """What an image's config says it is for.

    Raises: InvalidImageError, also for an artifact.
    """
    config = Manifest.parse(holder.read(manifest)).config
    if config.media_type not in CONFIGS:
        raise InvalidImageError(
            f"manifest: its config is {config.media_type[:200]!r}, which is no image config",
            hint="is it an artifact, such as a chart or an SBOM?",
        )
    return ImageConfig.parse(holder.read(config)).platform


def list_images(holder: Holder, root: Descriptor) -> tuple[tuple[Platform, Descriptor], ...]:
    """The images below a root by platform, in the order they are listed.

    Shape: attestations are none, nor are artifacts, such as charts.
    Raises: InvalidImageError.
    """
    if root.media_type not in INDEXES:
        if root.platform is not None and root.platform.architecture:
            return ((root.platform, root),)
        config = Manifest.parse(holder.read(root)).config
        return ((platform_of(holder, root), root),) if config.media_type in CONFIGS else ()
    found: list[tuple[Platform, Descriptor]] = []
    for item in Index.parse(holder.read(root)).manifests:
        if is_image(item):
            found.extend(list_images(holder, item))
    return tuple(found)


def unnamed(descriptor: Descriptor) -> Descriptor:
    """Without the name that it has where it was found."""
    kept = {
        key: value
        for key, value in descriptor.annotations.items()
        if key not in (REF_NAME, CONTAINERD_NAME)
    }
    return replace(descriptor, annotations=kept)
