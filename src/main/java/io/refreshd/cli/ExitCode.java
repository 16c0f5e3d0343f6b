package io.refreshd.cli;

/** The exit codes of refreshd. Scripts and container platforms rely on the numbers, so none is ever reused. */
public enum ExitCode {
    OK(0, "Done, or ended in order after SIGTERM or SIGINT."),
    FAILURE(
            1,
            "The request was not carried out, or `audit` found a difference; or an unexpected failure, of which `--verbose` shows the stack trace."),
    USAGE(2, "The command line or the configuration is wrong. Restarting does not help."),
    NOT_READY(3, "The database is not ready for refreshd. The remedy was printed."),
    UNREACHABLE(4, "The database cannot be reached, or refuses the login."),
    INTERNAL(5, "The daemon ended itself after an internal error. Restart it: nothing is lost."),
    WARNINGS(6, "`check` found warnings and no error: `run` works, but not as well or as safely as it could."),
    ABORTED(130, "Ended at once by a second SIGTERM or SIGINT, or 25 s after the first one. Nothing is lost.");

    private final int code;
    private final String meaning;

    ExitCode(int code, String meaning) {
        this.code = code;
        this.meaning = meaning;
    }

    public int code() {
        return code;
    }

    public String meaning() {
        return meaning;
    }
}
