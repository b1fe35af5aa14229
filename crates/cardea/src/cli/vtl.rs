//! `cardea vtl run`: a mapping template over an event, without a gateway. With `--trace` each step is told where it happened, with its value.

use super::text::{Paint, clipped, plain};
use super::{Outcome, fail, print};
use ::vtl::{Place, Watch};
use clap::{Arg, ArgAction, ArgMatches, Command};
use deliver::mapping::{Event, MappingTemplate, Rendered};
use std::fmt::Write;
use std::io::Read;
use std::process::ExitCode;

/// Bytes of a template or an event.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Characters of a value that a trace shows.
const VALUE_CHARS_MAX: usize = 100;
const INFALLIBLE: &str = "a string takes what is written to it";

pub(super) fn command() -> Command {
    let run = Command::new("run")
        .about("Render a mapping template over an event")
        .arg(Arg::new("template").value_name("TEMPLATE").required(true).help("A file; - for standard input"))
        .arg(Arg::new("event").long("event").value_name("FILE").help("JSON [default: an empty event]"))
        .arg(Arg::new("trace").long("trace").action(ArgAction::SetTrue).help("Tell each directive and reference, with its value"))
        .after_help(
            "An event has, all optional: body (text, or JSON), headers, query, path and stageVariables (objects of text), and context:\n  \
             {\"body\": {\"id\": 7}, \"query\": {\"page\": \"2\"}, \"context\": {\"identity\": {\"sourceIp\": \"127.0.0.1\"}}}\n\n\
             The text goes to standard output; the trace, and what the template overrides, to standard error.",
        );
    Command::new("vtl").about("Try mapping templates out").subcommand_required(true).arg_required_else_help(true).subcommand(run)
}

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let (_, args) = args.subcommand().expect("clap demands a subcommand");
    let path = args.get_one::<String>("template").expect("clap demands a template");
    let template = String::from_utf8(read(path)?).map_err(|_| fail(format!("{path} is no UTF-8")))?;
    let event = match args.get_one::<String>("event") {
        Some(path) => Event::parse(&read(path)?).map_err(|why| fail(format!("{path}: {why}")))?,
        None => Event::default(),
    };
    let mut trace = Trace { lines: String::new() };
    let watch: Option<&mut dyn Watch> = if args.get_flag("trace") { Some(&mut trace) } else { None };
    let rendered = MappingTemplate::compile(&template).and_then(|template| template.render_event(event, watch));
    eprint!("{}", trace.lines);
    match rendered {
        Ok(rendered) => {
            print(&rendered.text);
            eprint!("{}", overridden(&rendered));
            Ok(ExitCode::SUCCESS)
        }
        Err(why) => {
            eprint!("{}", pointed(path, &template, &why));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn read(path: &str) -> Result<Vec<u8>, super::Failure> {
    let mut bytes = Vec::new();
    let reading = |why: std::io::Error| fail(format!("{path} cannot be read: {why}"));
    let source: &mut dyn Read = if path == "-" { &mut std::io::stdin().lock() } else { &mut std::fs::File::open(path).map_err(reading)? };
    source.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(reading)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(fail(format!("{path} is larger than 64 MiB")));
    }
    Ok(bytes)
}

/// An error with the line that it is in.
fn pointed(path: &str, template: &str, why: &::vtl::Error) -> String {
    let Place { line, column } = why.place;
    let text = plain(template.lines().nth(line.saturating_sub(1) as usize).unwrap_or(""));
    let paint = Paint::for_stderr();
    let bar = " ".repeat(line.to_string().len());
    let caret = " ".repeat(column.saturating_sub(1) as usize);
    let message = paint.alarm(&plain(&why.message));
    format!("{message}\n{bar}--> {path}:{line}:{column}\n{bar} |\n{line} | {text}\n{bar} | {caret}{}\n", paint.alarm("^"))
}

/// What a template overrides, a line each.
fn overridden(rendered: &Rendered) -> String {
    let mut out = String::new();
    let overrides = &rendered.overrides;
    for (whose, members) in [
        ("requestOverride.path", &overrides.request_path),
        ("requestOverride.querystring", &overrides.request_query),
        ("requestOverride.header", &overrides.request_header),
        ("responseOverride.header", &overrides.response_header),
    ] {
        for (name, values) in members {
            let values: Vec<String> = values.iter().map(|value| plain(value)).collect();
            writeln!(out, "$context.{whose}.{} = {}", plain(name), values.join(", ")).expect(INFALLIBLE);
        }
    }
    if let Some(status) = overrides.response_status {
        writeln!(out, "$context.responseOverride.status = {status}").expect(INFALLIBLE);
    }
    out
}

/// The story of a rendering, a line for each step.
struct Trace {
    lines: String,
}

impl Watch for Trace {
    fn saw(&mut self, place: Place, event: ::vtl::Event<'_>) {
        let shown = |value: &::vtl::Value| match value {
            ::vtl::Value::Null => "(nothing: printed as it is written)".to_owned(),
            ::vtl::Value::Absent => "(nothing)".to_owned(),
            value => clipped(&::vtl::print_json(value).unwrap_or_else(|_| value.kind().to_owned()), VALUE_CHARS_MAX),
        };
        let told = match event {
            ::vtl::Event::Reference { source, value } => format!("{} → {}", plain(source), shown(value)),
            ::vtl::Event::Set { source, value: ::vtl::Value::Null } => {
                format!("#set {} is left as it is: there is no value", plain(source))
            }
            ::vtl::Event::Set { source, value } => format!("#set {} = {}", plain(source), shown(value)),
            ::vtl::Event::Condition { directive, holds } => format!("{directive} → {holds}"),
            ::vtl::Event::Turn { variable, count, value } => format!("#foreach turn {count}: {} = {}", plain(variable), shown(value)),
            ::vtl::Event::NoLoop { value } => format!("#foreach over {}: no turn", shown(value)),
            ::vtl::Event::Macro { name } => format!("#{}(…) is called", plain(name)),
            ::vtl::Event::Directive { name } => name.to_owned(),
        };
        let at = format!("{}:{}", place.line, place.column);
        writeln!(self.lines, "{at:>7}  {told}").expect(INFALLIBLE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_tells_each_step_with_its_place_and_value() {
        let text = "#set($n = 1)\n#foreach($x in [\"a\"])#if($x == \"a\")$x$missing#end#end";
        let mut trace = Trace { lines: String::new() };
        MappingTemplate::compile(text).unwrap().render_event(Event::default(), Some(&mut trace)).unwrap();
        for told in ["1:1  #set $n = 1", "#foreach turn 1", "#if → true", "$x → \"a\"", "$missing → (nothing"] {
            assert!(trace.lines.contains(told), "{told} is not in\n{}", trace.lines);
        }
    }

    #[test]
    fn an_error_points_at_its_place() {
        let text = "ok\n  #if($x";
        let why = MappingTemplate::compile(text).unwrap_err();
        let told = pointed("a.vtl", text, &why);
        assert!(told.contains("--> a.vtl:2:"), "{told}");
        assert!(told.contains("2 |   #if($x"), "{told}");
    }

    #[test]
    fn overrides_are_told_beside_the_text() {
        let text = "#set($context.responseOverride.status = 404)#set($context.responseOverride.header.X = 'y')";
        let rendered = MappingTemplate::compile(text).unwrap().render_event(Event::default(), None).unwrap();
        assert_eq!(overridden(&rendered), "$context.responseOverride.header.X = y\n$context.responseOverride.status = 404\n");
    }
}
