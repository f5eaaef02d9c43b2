"""Images as the OCI image specification describes them."""

from jettison.image.config import HealthCheck, History, ImageConfig
from jettison.image.mediatypes import Compression, layer_compression
from jettison.image.model import Descriptor, Image, Index, Manifest, SourceCore
from jettison.image.platform import Platform

__all__ = [
    "Compression",
    "Descriptor",
    "HealthCheck",
    "History",
    "Image",
    "ImageConfig",
    "Index",
    "Manifest",
    "Platform",
    "SourceCore",
    "layer_compression",
]
