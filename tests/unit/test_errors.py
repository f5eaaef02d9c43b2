import pickle

from jettison.errors import ContainerError, HostError, NotReadyError


def test_errors_survive_the_pipe_between_processes() -> None:
    host = pickle.loads(pickle.dumps(HostError("runc was not found", hint="install runc")))
    assert (str(host), host.hint, host.exit_code) == ("runc was not found", "install runc", 3)
    app = pickle.loads(pickle.dumps(NotReadyError("no port", hint="h", log_tail="Traceback")))
    assert isinstance(app, ContainerError)
    assert (app.message, app.log_tail, app.exit_code) == ("no port", "Traceback", 4)
