//! Passwords: how they are asked for, set, and used on another machine.

use std::io::{self, IsTerminal as _};

use clap::{Args, Subcommand};
use serde_json::json;
use wardseal_client::Misuse;
use wardseal_client_password::{set_password, unlock};
use zeroize::Zeroizing;

use super::{
    failure::Failure,
    private,
    profile::{Common, Host, random, set},
    report::Report,
};

/// Commands about your password.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sets your password, in place of the one before.
    Set,
}

/// Signing in on another machine.
#[derive(Args, Debug)]
pub(crate) struct Login {
    /// Your name, as the application knows you
    #[arg(long, value_name = "NAME")]
    name: String,
}

/// Leaving this machine.
#[derive(Args, Debug)]
pub(crate) struct Logout {}

/// Asks for a password: from standard input, from the file that `WARDSEAL_PASSWORD_FILE` names, or
/// at the terminal without showing it.
///
/// # Errors
/// When there is nobody to ask.
pub(crate) fn ask(common: &Common, prompt: &str) -> Result<Zeroizing<String>, Failure> {
    if common.password_stdin {
        return line_of_stdin();
    }
    if let Some(path) = set("WARDSEAL_PASSWORD_FILE") {
        let content = private::read(path.as_ref())?;
        let text = core::str::from_utf8(&content)
            .map_err(|_| Failure::failed("io", format!("{path} is not text in UTF-8")))?;
        return Ok(Zeroizing::new(
            text.lines().next().unwrap_or_default().to_owned(),
        ));
    }
    at_terminal(prompt)
}

/// Asks for a code: from standard input with `--password-stdin`, or at the terminal.
///
/// # Errors
/// When there is nobody to ask.
pub(crate) fn ask_code(common: &Common, prompt: &str) -> Result<Zeroizing<String>, Failure> {
    if common.password_stdin {
        return line_of_stdin();
    }
    at_terminal(prompt).map_err(|_| {
        Failure::usage("there is no terminal to ask for the code")
            .advise("give it as a line of standard input, with --password-stdin")
    })
}

/// Asks for a new password, at the terminal twice.
///
/// # Errors
/// When there is nobody to ask, or the two are not the same.
pub(crate) fn ask_new(common: &Common) -> Result<Zeroizing<String>, Failure> {
    let acts_with_old = common.act_as.is_some();
    if common.password_stdin || (!acts_with_old && set("WARDSEAL_PASSWORD_FILE").is_some()) {
        return ask(common, "");
    }
    let first = at_terminal("New password: ")?;
    if *at_terminal("The same again: ")? == *first {
        Ok(first)
    } else {
        Err(Failure::failed("mistyped", "the two are not the same").advise("try again"))
    }
}

fn line_of_stdin() -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    io::stdin()
        .read_line(&mut line)
        .map_err(|error| Failure::file("read", "standard input".as_ref(), &error))?;
    if line.is_empty() {
        return Err(Failure::usage("standard input holds no password"));
    }
    Ok(Zeroizing::new(
        line.trim_end_matches(['\n', '\r']).to_owned(),
    ))
}

fn at_terminal(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let nobody = || {
        Failure::usage("there is no terminal to ask for the password")
            .advise("give it with --password-stdin, or name a file in WARDSEAL_PASSWORD_FILE")
    };
    if !io::stderr().is_terminal() {
        return Err(nobody());
    }
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|_| nobody())
}

pub(crate) async fn run(host: &mut Host, command: &Command) -> Result<Report, Failure> {
    match command {
        Command::Set => set_new(host).await,
    }
}

async fn set_new(host: &mut Host) -> Result<Report, Failure> {
    let client = host.client().await?;
    if client.profile().await.is_none() {
        return Err(wardseal_client::Error::from(Misuse::NoIdentity).into());
    }
    let password = ask_new(&host.common)?;
    let known: Vec<_> = host.name().into_iter().collect();
    set_password(&client, &password, &known, random()).await?;
    Ok(Report::new(
        "your password is set; it opens everything you can open, from any machine",
        json!({ "password_set": true }),
    ))
}

pub(crate) async fn login(host: &mut Host, arguments: Login) -> Result<Report, Failure> {
    host.acts_as_nobody()?;
    let name = arguments.name;
    let client = host.client_of_folder().await?;
    if client.profile().await.is_some() {
        return Err(wardseal_client::Error::from(Misuse::IdentityExists).into());
    }
    let password = ask(&host.common, &format!("Password of {name}: "))?;
    let profile = unlock(&client, &name, &password, random()).await?;
    let device = client.trust_this_machine().await?;
    host.remember(Some(&name))?;
    // Administrators who could help may have changed; if this fails, the next login tries again.
    let _ = client.renew_organisation().await;
    Ok(Report::new(
        format!(
            "signed in as {name} ({})\nthis machine is now one of your devices: {device}",
            profile.user
        ),
        json!({ "name": name, "user": profile.user, "device": device }),
    ))
}

pub(crate) async fn logout(host: &mut Host) -> Result<Report, Failure> {
    host.acts_as_nobody()?;
    let client = host.client_of_folder().await?;
    let profile = client.profile().await;
    client.sign_out().await?;
    host.forget_name()?;
    Ok(match profile {
        None => Report::new("nobody was signed in", json!({ "device": null })),
        Some(profile) => Report::new(
            format!(
                "your keys are erased from this machine\nnow revoke this device from another one: wardseal device revoke {}",
                profile.device
            ),
            json!({ "user": profile.user, "device": profile.device }),
        ),
    })
}
