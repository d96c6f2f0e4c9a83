//! `transfer-mail-catcher`: takes every mail, shows it, delivers none.

use std::{io::Write as _, net::SocketAddr};

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
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let smtp = TcpListener::bind(arguments.smtp).await?;
    let http = TcpListener::bind(arguments.listen).await?;
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
        served = axum::serve(http, pages(mailbox)).into_future() => served,
        stopped = tokio::signal::ctrl_c() => stopped,
    }
}
