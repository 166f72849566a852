//! The command line, as strict as the real one: what it does not know ends the program.

/// What the arguments said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// `--version`.
    pub version: bool,
    /// `--include-partial-messages`.
    pub partial: bool,
    /// `--permission-prompt-tool stdio`.
    pub asks: bool,
    /// `--dangerously-skip-permissions`.
    pub bypass: bool,
    /// `--permission-mode`.
    pub mode: String,
    /// `--model`.
    pub model: Option<String>,
    /// `--resume`.
    pub resume: Option<String>,
    /// All of it, as given.
    pub all: Vec<String>,
}

/// Flags with a value that change nothing here.
const IGNORED: [&str; 10] = [
    "--append-system-prompt",
    "--system-prompt",
    "--add-dir",
    "--allowedTools",
    "--disallowedTools",
    "--max-turns",
    "--max-budget-usd",
    "--settings",
    "--mcp-config",
    "--effort",
];

const MODES: [&str; 4] = ["default", "acceptEdits", "plan", "bypassPermissions"];

impl Flags {
    /// Reads the arguments.
    ///
    /// # Errors
    /// What the real program prints on stderr before it ends with code 1.
    pub fn read(args: &[String]) -> Result<Flags, String> {
        let mut flags = Flags { all: args.to_vec(), mode: "default".into(), ..Flags::default() };
        let (mut input, mut output, mut print, mut verbose) = (None, None, false, false);
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let mut value = || {
                let missing = || format!("error: option '{arg} <value>' argument missing");
                rest.next().cloned().ok_or_else(missing)
            };
            match arg.as_str() {
                "-p" | "--print" => print = true,
                "-v" | "--version" => flags.version = true,
                "--verbose" => verbose = true,
                "--include-partial-messages" => flags.partial = true,
                "--dangerously-skip-permissions" => flags.bypass = true,
                "--input-format" => input = Some(value()?),
                "--output-format" => output = Some(value()?),
                "--permission-prompt-tool" => flags.asks = value()? == "stdio",
                "--permission-mode" => flags.mode = value()?,
                "--model" => flags.model = Some(value()?),
                "--resume" | "-r" => flags.resume = Some(value()?),
                known if IGNORED.contains(&known) => drop(value()?),
                unknown if unknown.starts_with('-') && unknown.len() > 1 => {
                    return Err(format!("error: unknown option '{unknown}'"));
                }
                _ => {}
            }
        }
        if flags.version {
            return Ok(flags);
        }
        flags.check(print, verbose, input.as_deref(), output.as_deref())?;
        Ok(flags)
    }

    fn check(
        &self,
        print: bool,
        verbose: bool,
        input: Option<&str>,
        output: Option<&str>,
    ) -> Result<(), String> {
        if !MODES.contains(&self.mode.as_str()) {
            let mode = &self.mode;
            return Err(format!(
                "error: option '--permission-mode <mode>' argument '{mode}' is invalid. Allowed \
                 choices are acceptEdits, bypassPermissions, default, plan."
            ));
        }
        if !print || input != Some("stream-json") || output != Some("stream-json") {
            return Err("the stand-in agent only speaks -p --input-format stream-json \
                        --output-format stream-json"
                .to_owned());
        }
        if !verbose {
            return Err("Error: When using --print, --output-format=stream-json requires \
                        --verbose"
                .to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: &str = "-p --input-format stream-json --output-format stream-json --verbose";

    fn read(args: &str) -> Result<Flags, String> {
        Flags::read(&args.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_usual_flags_are_taken() {
        let flags = read(&format!(
            "{USUAL} --include-partial-messages --permission-prompt-tool stdio --resume x \
             --dangerously-skip-permissions --model m"
        ));
        let flags = flags.unwrap();
        assert!(flags.partial && flags.asks && flags.bypass);
        assert_eq!(flags.resume.as_deref(), Some("x"));
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(
            read(&format!("{USUAL} --no-such-flag")),
            Err("error: unknown option '--no-such-flag'".to_owned())
        );
        assert!(read(USUAL.trim_end_matches(" --verbose")).unwrap_err().contains("--verbose"));
        assert!(read("-p hello").is_err());
        assert!(read(&format!("{USUAL} --resume")).is_err());
        assert!(read(&format!("{USUAL} --permission-mode yolo")).is_err());
    }
}
