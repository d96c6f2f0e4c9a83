//! Real conversations over a socket.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor, message::header::ContentType,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use transfer_mail_catcher::{Mailbox, receive};

async fn start() -> (u16, Mailbox) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mailbox = Mailbox::default();
    tokio::spawn(receive(listener, mailbox.clone()));
    (port, mailbox)
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let (port, mailbox) = start().await;
    let text = "Ihre Einrichtung hat eine neue Anfrage.\r\n.\r\n..é\r\n";
    let message = Message::builder()
        .from("Transfer <noreply@example.org>".parse().unwrap())
        .to("aufnahme@klinik.example".parse().unwrap())
        .subject("Für Sie: état")
        .header(ContentType::TEXT_PLAIN)
        .body(text.to_owned())
        .unwrap();
    let transport =
        AsyncSmtpTransport::<Tokio1Executor>::from_url(&format!("smtp://127.0.0.1:{port}"))
            .unwrap()
            .build();
    transport.send(message.clone()).await.unwrap();
    transport.send(message).await.unwrap();
    let mails = mailbox.wait_for(2).await;
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].from, "noreply@example.org");
    assert_eq!(mails[0].to, ["aufnahme@klinik.example"]);
    assert_eq!(mails[0].subject, "Für Sie: état");
    assert_eq!(mails[0].text.trim_end(), text.trim_end());
}

/// Says something and gives all that is answered until the end.
async fn say(port: u16, text: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn what_is_out_of_order_is_refused_and_keeps_nothing() {
    let (port, mailbox) = start().await;
    let answer = say(
        port,
        "HELO x\r\nRCPT TO:<a@b>\r\nDATA\r\nMAIL FROM:nobody\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\nRSET\r\nDATA\r\nQUIT\r\n",
    )
    .await;
    let codes: Vec<_> = answer.lines().filter_map(|line| line.get(..3)).collect();
    assert_eq!(
        codes,
        [
            "220", "250", "503", "503", "501", "502", "250", "250", "503", "221"
        ]
    );
    assert!(mailbox.mails().is_empty());
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_refused_and_the_next_one_taken() {
    let (port, mailbox) = start().await;
    let large = "x".repeat(1000) + "\r\n";
    let begin = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";
    let text = format!(
        "{begin}{}.\r\n{begin}Subject: small\r\n\r\ny\r\n.\r\nQUIT\r\n",
        large.repeat(1100)
    );
    let answer = say(port, &text).await;
    assert!(answer.contains("552 "), "{answer}");
    let mails = mailbox.wait_for(1).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "small");
}
