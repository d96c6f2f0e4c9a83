//! Notifications, when the mail server is there and when it is not.

use crate::site::{MINUTE, Site};

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_waits_for_the_mail_server_and_survives_a_restart() {
    let mut site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    site.stop_mail().await;
    let mut case = site.case(&roch).await;
    site.send(&roch, &mut case, &[&park]).await;
    // Whether the server itself was faster does not matter: nothing goes out.
    assert_eq!(site.app.post().await.unwrap(), 0);
    site.restart().await;
    assert_eq!(site.app.post().await.unwrap(), 0);
    assert!(site.mailbox.mails().is_empty());
    site.start_mail().await;
    // Not at once, but after a pause that grows with every failure.
    for _ in 0..10 {
        site.pass(10 * MINUTE);
        site.app.post().await.unwrap();
    }
    let mails = site.mailbox.wait_for(1).await;
    assert_eq!(mails[0].to, ["park@example.org"]);
    assert_eq!(mails[0].from, "noreply@transfer.example");
    assert!(mails.iter().all(|mail| mail.number == 1), "it comes once");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_requests_are_one_letter_until_it_is_sent() {
    let mut site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    site.stop_mail().await;
    for _ in 0..3 {
        let mut case = site.case(&roch).await;
        site.send(&roch, &mut case, &[&park]).await;
    }
    site.start_mail().await;
    for _ in 0..10 {
        site.pass(10 * MINUTE);
        site.app.post().await.unwrap();
    }
    let mails = site.mailbox.wait_for(1).await;
    assert_eq!(mails.len(), 1);
    site.sign_in(&roch.admin).await;
    let mut case = site.case(&roch).await;
    site.send(&roch, &mut case, &[&park]).await;
    assert_eq!(site.mailbox.wait_for(2).await.len(), 2);
}
