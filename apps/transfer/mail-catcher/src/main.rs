//! `transfer-mail-catcher`: takes every mail, shows it, delivers none.

use std::{io::Write as _, net::SocketAddr, process::ExitCode};

use clap::Parser;
use tokio::net::TcpListener;
use transfer_mail_catcher::{Mailbox, pages, receive};

/// Takes every mail by SMTP, shows it on a page, and delivers none.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// Where to take mails; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2525")]
    smtp: SocketAddr,
    /// Where to show them
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8025")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // When even this cannot be written there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn listen(address: SocketAddr, option: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| {
        format!("cannot listen on {address}: {error}. Choose another address with {option}")
    })
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let smtp = listen(arguments.smtp, "--smtp").await?;
    let http = listen(arguments.listen, "--listen").await?;
    {
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "listening on http://{} smtp://{}",
            http.local_addr()?,
            smtp.local_addr()?
        )?;
        out.flush()?;
    }
    let mailbox = Mailbox::default();
    tokio::select! {
        () = receive(smtp, mailbox.clone()) => Ok(()),
        served = axum::serve(http, pages(mailbox)).into_future() => Ok(served?),
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}
