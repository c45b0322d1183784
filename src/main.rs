//! `gangway`: see `gangway --help`.

fn main() -> std::process::ExitCode {
    gangway::cli::main()
}
