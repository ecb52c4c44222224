use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use clap::error::ErrorKind;

use super::*;

fn typed(line: &str) -> Result<Cli, clap::Error> {
    Cli::from(line.split(' '))
}

fn help(line: &str) -> String {
    typed(line).unwrap_err().to_string()
}

#[test]
fn the_command_line_is_well_formed() {
    command().debug_assert();
}

#[test]
fn the_six_commands_are_in_the_help_and_nothing_else() {
    let help = help("readback --help");
    for name in ["serve", "demo", "interpret", "train", "eval", "bench-nlu", "doctor"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{name} "))), "{name}: {help}");
    }
    assert!(!help.contains("  settings "), "{help}");
    assert_eq!(typed("readback").unwrap_err().kind(), ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
}

#[test]
fn every_setting_is_in_the_help_of_serve_and_doctor() {
    for command in ["serve", "doctor"] {
        let help = help(&format!("readback {command} --help"));
        let plain: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for about in config::all() {
            for variable in about.env {
                assert!(plain.contains(variable), "{command} does not tell of {variable}: {help}");
            }
            assert_eq!(plain.contains(&format!("--{} ", about.key)), about.has_flag(), "{command} --{}", about.key);
        }
    }
}

#[test]
fn flags_of_settings_come_back_by_key_and_secrets_have_none() {
    let cli = typed("readback serve --port 8080 --public-url https://bot.example.com --no-webhooks").unwrap();
    assert!(matches!(
        cli.command,
        Command::Serve(ServeArgs { observe: false, no_webhooks: true, engine: Engine::Candle })
    ));
    let flags = [("port", "8080".to_owned()), ("public-url", "https://bot.example.com".to_owned())];
    assert_eq!(cli.flags, Flags::from(flags));
    for secret in ["--webex-bot-token", "--webex-webhook-secret", "--kubernetes-token", "--https-proxy"] {
        assert_eq!(typed(&format!("readback serve {secret} x")).unwrap_err().kind(), ErrorKind::UnknownArgument);
    }
}

#[test]
fn demo_takes_a_cluster_only_by_its_own_options() {
    let cli = typed("readback demo --kubeconfig k --context c --namespaces shop,staging --port 8099 --open").unwrap();
    let Command::Demo(demo) = cli.command else { panic!("not demo") };
    assert_eq!((demo.kubeconfig, demo.context.as_deref(), demo.port), (Some("k".into()), Some("c"), Some(8099)));
    assert_eq!(demo.namespaces.iter().map(Namespace::as_str).collect::<Vec<_>>(), ["shop", "staging"]);
    assert!(demo.open && cli.flags.is_empty());
    assert_eq!(typed("readback demo --context c").unwrap_err().kind(), ErrorKind::MissingRequiredArgument);
    assert_eq!(typed("readback demo --cluster-url https://x").unwrap_err().kind(), ErrorKind::UnknownArgument);
    let any = typed("readback demo --port 0").unwrap();
    assert!(matches!(any.command, Command::Demo(demo) if demo.port == Some(0)), "a free one");
    assert_eq!(typed("readback demo --kubeconfig k --namespaces A").unwrap_err().kind(), ErrorKind::ValueValidation);
    for (line, opens) in [("", false), (" --open", true), (" --open --no-open", false)] {
        let Command::Demo(demo) = typed(&format!("readback demo{line}")).unwrap().command else { panic!("not demo") };
        assert_eq!(demo.opens(), opens, "{line}");
    }
}

#[test]
fn interpret_takes_a_sentence_quoted_or_not_or_none() {
    let Command::Interpret(args) = typed("readback interpret bump nginx to 3").unwrap().command else {
        panic!("not interpret")
    };
    assert_eq!((args.text().as_deref(), args.engine), (Some("bump nginx to 3"), Engine::Candle));
    let cli = typed("readback interpret --catalog c.json --engine rust-bert --log debug").unwrap();
    let Command::Interpret(args) = cli.command else { panic!("not interpret") };
    assert_eq!((args.text(), args.engine, args.catalog), (None, Engine::RustBert, Some("c.json".into())));
    assert_eq!(cli.flags.get("log").map(String::as_str), Some("debug"));
}

#[test]
fn train_and_eval_take_their_options() {
    let line = "readback train --out m --layers 3 --folds 0 --seed 7 --measure-only";
    let Command::Train(args) = typed(line).unwrap().command else { panic!("not train") };
    assert_eq!((args.layers, args.folds, args.seed), (Some(3), Some(0), Some(7)));
    assert!(args.measure_only && !args.check && args.epochs.is_none());
    assert_eq!(typed("readback train --layers 0").unwrap_err().kind(), ErrorKind::ValueValidation);
    let line =
        "readback train --with mine --with yours --without gazetteer --folds 2 --measured-folds 1 --report r.json";
    let Command::Train(args) = typed(line).unwrap().command else { panic!("not train") };
    assert_eq!((args.with.len(), args.measured_folds, args.report), (2, Some(1), Some("r.json".into())));
    assert_eq!(args.without, [RecipePart::Gazetteer]);
    let line = "readback eval a.jsonl b.jsonl --curve c.svg --engine rust-bert";
    let Command::Eval(args) = typed(line).unwrap().command else { panic!("not eval") };
    assert_eq!((args.files.len(), args.curve, args.engine), (2, Some("c.svg".into()), Engine::RustBert));
    assert_eq!(typed("readback eval").unwrap_err().kind(), ErrorKind::MissingRequiredArgument);
}

#[test]
fn benchmarks_keep_six_layers_by_default() {
    let Command::BenchNlu(args) = typed("readback bench-nlu snips data").unwrap().command else {
        panic!("not bench-nlu")
    };
    assert_eq!((args.yardstick, args.layers, args.epochs), (YardstickName::Snips, 6, None));
    let line = "readback bench-nlu clinc150 data --layers 3 --epochs 2";
    let Command::BenchNlu(args) = typed(line).unwrap().command else { panic!("not bench-nlu") };
    assert_eq!((args.yardstick, args.layers, args.epochs), (YardstickName::Clinc150, 3, Some(2)));
    assert_eq!(typed("readback bench-nlu atis data").unwrap_err().kind(), ErrorKind::InvalidValue);
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_are_written_unchanged_and_a_closed_pipe_is_recognised() {
    let shared = Shared::default();
    let mut out = Out::to(shared.clone());
    out.line("a").unwrap();
    out.text(1).unwrap();
    assert_eq!(shared.0.lock().unwrap().as_slice(), b"a\n1");
    assert!(Out::is_closed(&io::ErrorKind::BrokenPipe.into()));
    assert!(!Out::is_closed(&io::ErrorKind::StorageFull.into()));
}
