"""The shared suites, for the places that need no engine."""

from pathlib import Path

from jettison.transport.schemes import Target, parse_target
from support.images import BuiltImage
from support.transports import SinkContract, SourceContract


class TestOciLayoutSource(SourceContract):
    def put(self, image: BuiltImage, directory: Path) -> Target:
        return parse_target(f"oci:{image.write_layout(directory / 'layout', '1')}:1")

    def missing(self, directory: Path) -> Target:
        return parse_target(f"oci:{directory / 'nothing'}")


class TestOciArchiveSource(SourceContract):
    def put(self, image: BuiltImage, directory: Path) -> Target:
        return parse_target(f"oci-archive:{image.write_archive(directory / 'a.tar')}")

    def missing(self, directory: Path) -> Target:
        return parse_target(f"oci-archive:{directory / 'nothing.tar'}")


class TestDockerArchiveSource(SourceContract):
    keeps_manifest = False

    def put(self, image: BuiltImage, directory: Path) -> Target:
        return parse_target(f"docker-archive:{image.write_docker_archive(directory / 'd.tar')}")

    def missing(self, directory: Path) -> Target:
        return parse_target(f"docker-archive:{directory / 'nothing.tar'}")


class TestOciLayoutSink(SinkContract):
    def target(self, directory: Path) -> Target:
        return parse_target(f"oci:{directory / 'out'}")


class TestOciArchiveSink(SinkContract):
    def target(self, directory: Path) -> Target:
        return parse_target(f"oci-archive:{directory / 'out.tar'}")


class TestDockerArchiveSink(SinkContract):
    keeps_manifest = False

    def target(self, directory: Path) -> Target:
        return parse_target(f"docker-archive:{directory / 'out.tar'}")
