//! `transfer-demo`: starts key server, vault, transfer server and mail catcher on SQLite, makes invented facilities, people
//! and cases through the real client, and prints where everything is.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to the terminal"
)]

use std::{
    fs,
    io::BufRead as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::*;
use serde_json::{Value, json};
use transfer_demo_data::{
    processes::{Place, Server, output},
    seed::{self, Size},
    staff::Addresses,
};

const HELP: &str = "\
transfer-demo [options]

Starts the servers of Wardseal Transfer on this machine, with invented facilities, people and cases.
It ends on an interrupt, or when its standard input is closed with --until-eof.

  --data DIR         where everything is kept; must be empty or new
  --web DIR          the built page
  --programs DIR     where wardseal, wardseal-transfer and transfer-mail-catcher are [default: beside this]
  --port N           the page's port; the other servers take the next ones; 0 picks free ones [default: 4700]
  --facilities N     how many facilities [default: 30]
  --cases N          how many cases [default: 24]
  --seed N           other patients for other numbers [default: 1]
  --json             print one JSON object when everything is ready
  --log LEVEL        what the servers write down: error, warn, info, debug or trace [default: warn]
  --until-eof        end when standard input ends; until then it takes orders, one a line, and repeats each when it is
                     done: 'stop NAME' ends a server as a crash does, 'start NAME' starts it again at its address
                     (keys, vault or transfer)
";

struct Arguments {
    data: PathBuf,
    web: Option<PathBuf>,
    programs: PathBuf,
    port: u16,
    size: Size,
    log: String,
    json: bool,
    until_eof: bool,
}

impl Arguments {
    fn parse() -> Result<Option<Self>> {
        let mut data = None;
        let mut programs = None;
        let mut arguments = Self {
            data: PathBuf::new(),
            web: None,
            programs: PathBuf::new(),
            port: 4700,
            size: Size {
                seed: 1,
                facilities: 30,
                cases: 24,
            },
            log: "warn".to_owned(),
            json: false,
            until_eof: false,
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("data") => data = Some(parser.value()?.into()),
                Long("web") => arguments.web = Some(parser.value()?.into()),
                Long("programs") => programs = Some(parser.value()?.into()),
                Long("port") => arguments.port = parser.value()?.parse()?,
                Long("facilities") => arguments.size.facilities = parser.value()?.parse()?,
                Long("cases") => arguments.size.cases = parser.value()?.parse()?,
                Long("seed") => arguments.size.seed = parser.value()?.parse()?,
                Long("log") => arguments.log = parser.value()?.string()?,
                Long("json") => arguments.json = true,
                Long("until-eof") => arguments.until_eof = true,
                Short('h') | Long("help") => {
                    print!("{HELP}");
                    return Ok(None);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        arguments.data = data.context("where to keep everything is missing: give --data DIR")?;
        arguments.programs = match programs {
            Some(programs) => programs,
            None => beside()?,
        };
        Ok(Some(arguments))
    }
}

fn beside() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program
        .parent()
        .unwrap_or_else(|| Path::new("."))
        .to_owned())
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse() {
        Ok(Some(arguments)) => run(arguments).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let place = Place {
        programs: arguments.programs.clone(),
        data: arguments.data.clone(),
    };
    if fs::read_dir(&place.data).is_ok_and(|mut inside| inside.next().is_some()) {
        bail!("{} is not empty: give another folder", place.data.display());
    }
    fs::create_dir_all(&place.data)?;
    let listen = |offset: u16| match arguments.port {
        0 => "127.0.0.1:0".to_owned(),
        port => format!("127.0.0.1:{}", port.saturating_add(offset)),
    };
    let mut command = place.command("transfer-mail-catcher");
    command.args(["--listen", &listen(3), "--smtp", &listen(4)]);
    let mail = Server::start("mail", command)?;
    let (mailbox, smtp) = mail
        .url
        .split_once(' ')
        .context("the mail catcher does not say where it takes mails")?;
    let role = |name: &str, offset| {
        let mut command = place.command("wardseal");
        command
            .args(["serve", "--log", &arguments.log, "--role", name])
            .args(["--listen", &listen(offset), "--smtp", smtp])
            .args([
                "--mail-from",
                "Wardseal <noreply@wardseal.example>",
                "--data",
            ])
            .arg(place.data.join(name));
        Server::start(name, command)
    };
    let mut keys = role("keys", 1)?;
    let mut vault = role("vault", 2)?;

    let mut command = place.command("wardseal");
    command
        .args([
            "tenant",
            "create",
            "--name",
            "Demonstration",
            "--server",
            &keys.url,
            "--dir",
        ])
        .arg(place.data.join("tenant"))
        .arg("--home")
        .arg(place.data.join("operator"));
    let tenant = seed::tenant_in(&output(command)?)?;
    let mut command = place.command("wardseal-transfer");
    command
        .arg("init")
        .arg("--data")
        .arg(place.data.join("transfer"))
        .arg("--tenant")
        .arg(place.data.join("tenant"));
    output(command)?;

    let roles = seed::roles(&arguments.size);
    let demo = place.data.join("demo.json");
    fs::write(
        &demo,
        json!({ "roles": roles, "mailbox": mailbox }).to_string(),
    )?;
    let mut command = place.command("wardseal-transfer");
    command
        .args(["serve", "--log", &arguments.log, "--listen", &listen(0)])
        .args(["--keys", &keys.url, "--vault", &vault.url, "--smtp", smtp])
        .args([
            "--mail-from",
            "Wardseal Transfer <noreply@transfer.example>",
        ])
        .arg("--demo")
        .arg(&demo)
        .arg("--data")
        .arg(place.data.join("transfer"));
    if let Some(web) = &arguments.web {
        command.arg("--web").arg(web);
    }
    let mut transfer = Server::start("transfer", command)?;
    let addresses = Addresses {
        keys: keys.url.clone(),
        vault: vault.url.clone(),
        transfer: transfer.url.clone(),
        tenant,
    };
    if !arguments.json {
        println!(
            "making {} people at {} facilities …",
            roles.len(),
            arguments.size.facilities.min(30)
        );
    }
    // Whoever gives up meanwhile leaves no server behind.
    tokio::select! {
        seeded = seed::seed(&place, &addresses, &arguments.size) => seeded?,
        ended = signalled() => return ended,
    }

    if arguments.json {
        println!(
            "{}",
            json!({
                "page": transfer.url, "keys": keys.url, "vault": vault.url, "mailbox": mailbox,
                "tenant": tenant, "data": place.data, "roles": roles,
            })
        );
    } else {
        println!(
            "\n  the page      {}\n  mails         {mailbox}\n  key server    {}\n  vault         {}\n",
            transfer.url, keys.url, vault.url
        );
        println!(
            "Step into one of these on the page, or sign in with the password \"{}\":\n",
            seed::PASSWORD
        );
        for role in roles.iter().take(8) {
            let word = |path| {
                role.pointer(path)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            println!(
                "  {:44} {}, {}",
                word("/name"),
                word("/title/en"),
                word("/facility")
            );
        }
        println!(
            "  … and {} more\n\nInterrupt (Ctrl-C) to end.",
            roles.len().saturating_sub(8)
        );
    }
    let servers = [
        ("keys", &mut keys),
        ("vault", &mut vault),
        ("transfer", &mut transfer),
    ];
    wait_for_the_end(arguments.until_eof, servers).await?;
    drop((transfer, mail, vault, keys));
    Ok(())
}

/// Until somebody interrupts or ends the demonstration, or its standard input ends where that was asked for. What stands
/// on the input until then are orders.
async fn wait_for_the_end(until_eof: bool, mut servers: Servers<'_>) -> Result<()> {
    let (sender, mut orders) = tokio::sync::mpsc::unbounded_channel();
    let _keeps_waiting = (!until_eof).then(|| sender.clone());
    if until_eof {
        // A thread of its own: nobody waits for it when a signal comes first.
        std::thread::spawn(move || {
            // Whether it ends well or badly, it ends.
            for order in std::io::stdin().lock().lines().map_while(Result::ok) {
                if sender.send(order).is_err() {
                    break;
                }
            }
        });
    }
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => obey(&mut servers, &order)?,
                None => return Ok(()),
            },
            ended = signalled() => return ended,
        }
    }
}

type Servers<'a> = [(&'static str, &'a mut Server); 3];

/// Follows an order, `stop NAME` or `start NAME`, and repeats it when it is done.
fn obey(servers: &mut Servers<'_>, order: &str) -> Result<()> {
    let Some((verb, name)) = order.trim().split_once(' ') else {
        bail!("\"{order}\" is no order: stop NAME, or start NAME");
    };
    let (_, server) = servers
        .iter_mut()
        .find(|(known, _)| *known == name)
        .with_context(|| format!("there is no server {name}"))?;
    match verb {
        "stop" => server.stop()?,
        "start" => server.start_again()?,
        _ => bail!("\"{verb}\" is no order: stop NAME, or start NAME"),
    }
    println!("{verb} {name}");
    Ok(())
}

/// Until somebody interrupts or ends this program.
async fn signalled() -> Result<()> {
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
        ended = terminated() => ended,
    }
}

#[cfg(unix)]
async fn terminated() -> Result<()> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?
        .recv()
        .await;
    Ok(())
}

#[cfg(not(unix))]
async fn terminated() -> Result<()> {
    std::future::pending().await
}
