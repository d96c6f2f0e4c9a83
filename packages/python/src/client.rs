//! The client.

use core::time::Duration;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use pyo3::{prelude::*, types::PyBytes};
use wardseal_sdk::{
    Cache, Change, Changes as Inner, Error, MemberId, NewSession, ObjectHeader, Options, Role,
    SealOptions, Store, Wardseal,
};

use crate::{
    files::{Input, Output},
    opened::Opened,
    raised,
    values::{
        Device, Event, Group, Header, Profile, Session, each, id, ids, right, role, visibility,
    },
    wait,
};

/// A client.
#[pyclass(frozen, module = "wardseal._native")]
pub(crate) struct Client(Wardseal);

/// Name, media type, size, object and version of what is sealed.
type Sealing = (
    Option<String>,
    Option<String>,
    Option<u64>,
    Option<String>,
    Option<u64>,
);

/// A function of Python that is told how many bytes are done.
type Told = Option<Py<PyAny>>;

fn sealing(
    (name, media_type, size, object, version): Sealing,
    told: Told,
) -> PyResult<SealOptions> {
    let mut options = SealOptions {
        name,
        media_type,
        size,
        object: object.map(|object| id(&object)).transpose()?,
        version,
        ..SealOptions::default()
    };
    if let Some(told) = told {
        options.progress = Some(Arc::new(move |done| {
            Python::attach(|py| {
                if let Err(error) = told.call1(py, (done,)) {
                    // Who only watches stops nothing.
                    error.write_unraisable(py, Some(told.bind(py)));
                }
            });
        }));
    }
    Ok(options)
}

fn json(text: Option<String>) -> PyResult<Option<serde_json::Value>> {
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))
}

#[pymethods]
impl Client {
    #[staticmethod]
    #[expect(
        clippy::too_many_arguments,
        reason = "the class in Python has them as keywords"
    )]
    fn open(
        py: Python<'_>,
        tenant: &str,
        keys: String,
        vault: Option<String>,
        folder: Option<PathBuf>,
        cache: (String, f64),
        audience: Option<String>,
        timeout: f64,
        insecure_http: bool,
    ) -> PyResult<Self> {
        let seconds = |seconds: f64| {
            Duration::try_from_secs_f64(seconds)
                .map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))
        };
        let options = Options {
            vault,
            store: folder.map_or(Store::Memory, Store::Folder),
            cache: match cache.0.as_str() {
                "off" => Cache::Off,
                "persistent" => Cache::Persistent(seconds(cache.1)?),
                _ => Cache::Memory(seconds(cache.1)?),
            },
            audience,
            timeout: seconds(timeout)?,
            insecure_http,
            ..Options::new(id(tenant)?, keys)
        };
        Ok(Self(wait(py, Wardseal::open(options))?))
    }

    #[staticmethod]
    fn inspect(object: &[u8]) -> PyResult<Header> {
        let header = Wardseal::inspect(object).map_err(raised)?;
        Ok((&header).into())
    }

    fn profile(&self, py: Python<'_>) -> PyResult<Option<Profile>> {
        let profile = wait(py, async { Ok(self.0.profile().await) })?;
        Ok(profile.map(Profile::from))
    }

    fn begin_sign_up(&self, py: Python<'_>, name: &str) -> PyResult<String> {
        let request = wait(py, self.0.begin_sign_up(name))?;
        Ok(request.to_json().to_string())
    }

    fn finish_sign_up(&self, py: Python<'_>, token: &str) -> PyResult<String> {
        Ok(wait(py, self.0.finish_sign_up(token))?.to_string())
    }

    fn prove(&self, py: Python<'_>, audience: &str, challenge: &str) -> PyResult<String> {
        let proof = wait(py, self.0.prove(audience, challenge))?;
        Ok(serde_json::to_string(&proof).unwrap_or_default())
    }

    fn set_password(&self, py: Python<'_>, password: &str, forbidden: Vec<String>) -> PyResult<()> {
        let forbidden: Vec<&str> = forbidden.iter().map(String::as_str).collect();
        wait(py, self.0.set_password(password, &forbidden))
    }

    fn unlock(&self, py: Python<'_>, name: &str, password: &str) -> PyResult<Profile> {
        Ok(wait(py, self.0.unlock(name, password))?.into())
    }

    fn recover_by_code(
        &self,
        py: Python<'_>,
        name: &str,
        code: &str,
        password: &str,
        forbidden: Vec<String>,
    ) -> PyResult<()> {
        let forbidden: Vec<&str> = forbidden.iter().map(String::as_str).collect();
        wait(py, self.0.recover_by_code(name, code, password, &forbidden))
    }

    fn trust_this_machine(&self, py: Python<'_>) -> PyResult<String> {
        Ok(wait(py, self.0.trust_this_machine())?.to_string())
    }

    fn sign_out(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, self.0.sign_out())
    }

    fn forget_sessions(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, self.0.forget_sessions())
    }

    fn stay_connected(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, self.0.stay_connected())
    }

    fn changes(&self, py: Python<'_>) -> PyResult<Changes> {
        let changes = wait(py, self.0.changes())?;
        Ok(Changes(Mutex::new(Some(changes))))
    }

    fn users_by_name(&self, py: Python<'_>, names: Vec<String>) -> PyResult<Vec<String>> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let users = wait(py, self.0.users().by_name(&names))?;
        Ok(users.iter().map(ToString::to_string).collect())
    }

    fn find_users<'py>(
        &self,
        py: Python<'py>,
        names: Vec<String>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = wait(py, self.0.users().find(&names))?;
        each(py, found, |user| user.to_string())
    }

    fn confirm_user(&self, py: Python<'_>, name: &str) -> PyResult<String> {
        Ok(wait(py, self.0.users().confirm(name))?.to_string())
    }

    fn devices(&self, py: Python<'_>) -> PyResult<Vec<Device>> {
        let devices = wait(py, self.0.devices().list())?;
        Ok(devices.into_iter().map(Device::from).collect())
    }

    fn revoke_devices(&self, py: Python<'_>, devices: Vec<String>) -> PyResult<()> {
        wait(py, self.0.devices().revoke(&ids(&devices)?))
    }

    fn create_group(
        &self,
        py: Python<'_>,
        name: &str,
        members: Vec<(String, String)>,
    ) -> PyResult<String> {
        let members = members_of(&members)?;
        Ok(wait(py, self.0.groups().create(name, &members))?.to_string())
    }

    fn groups(&self, py: Python<'_>) -> PyResult<Vec<Group>> {
        let groups = wait(py, self.0.groups().list())?;
        Ok(groups.into_iter().map(Group::from).collect())
    }

    fn group(&self, py: Python<'_>, group: &str) -> PyResult<Group> {
        Ok(wait(py, self.0.groups().get(id(group)?))?.into())
    }

    fn add_member(
        &self,
        py: Python<'_>,
        group: &str,
        member: &str,
        word: &str,
        from_join: bool,
    ) -> PyResult<()> {
        let (group, member, role) = (id(group)?, id(member)?, role(word)?);
        let groups = self.0.groups();
        wait(py, groups.add(group, member, role, visibility(from_join)))
    }

    fn add_members<'py>(
        &self,
        py: Python<'py>,
        group: &str,
        members: Vec<(String, String)>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let (group, members) = (id(group)?, members_of(&members)?);
        let added = wait(py, self.0.groups().add_many(group, &members))?;
        each(py, added, |()| py.None())
    }

    fn remove_members(&self, py: Python<'_>, group: &str, members: Vec<String>) -> PyResult<()> {
        let (group, members) = (id(group)?, ids(&members)?);
        wait(py, self.0.groups().remove(group, &members))
    }

    fn set_role(&self, py: Python<'_>, group: &str, member: &str, word: &str) -> PyResult<()> {
        let (group, member, role) = (id(group)?, id(member)?, role(word)?);
        wait(py, self.0.groups().set_role(group, member, role))
    }

    fn rename_group(&self, py: Python<'_>, group: &str, name: &str) -> PyResult<()> {
        wait(py, self.0.groups().rename(id(group)?, name))
    }

    fn dissolve_group(&self, py: Python<'_>, group: &str) -> PyResult<()> {
        wait(py, self.0.groups().dissolve(id(group)?))
    }

    fn create_session(
        &self,
        py: Python<'_>,
        manage: Vec<String>,
        share: Vec<String>,
        read: Vec<String>,
        label: Option<String>,
        metadata: Option<String>,
    ) -> PyResult<String> {
        let new = new_session((manage, share, read, label, metadata))?;
        Ok(wait(py, self.0.sessions().create(new))?.to_string())
    }

    fn create_sessions<'py>(
        &self,
        py: Python<'py>,
        sessions: Vec<New>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let sessions = sessions.into_iter().map(new_session);
        let sessions = sessions.collect::<PyResult<Vec<_>>>()?;
        let made = wait(py, self.0.sessions().create_many(&sessions))?;
        each(py, made, |session| session.to_string())
    }

    fn sessions<'py>(
        &self,
        py: Python<'py>,
        sessions: Vec<String>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let found = wait(py, self.0.sessions().get_many(&ids(&sessions)?))?;
        each(py, found, Session::from)
    }

    fn tree(&self, py: Python<'_>, session: &str) -> PyResult<(Session, Vec<String>, Option<u64>)> {
        let tree = wait(py, self.0.sessions().tree(id(session)?))?;
        let children = tree.children.iter().map(ToString::to_string).collect();
        Ok((tree.session.into(), children, tree.next))
    }

    fn session(&self, py: Python<'_>, session: &str) -> PyResult<Session> {
        Ok(wait(py, self.0.sessions().get(id(session)?))?.into())
    }

    fn session_page(
        &self,
        py: Python<'_>,
        parent: Option<String>,
        after: Option<u64>,
        limit: u32,
    ) -> PyResult<(Vec<String>, Option<u64>)> {
        let sessions = self.0.sessions();
        let page = match parent {
            Some(parent) => wait(py, sessions.children(id(&parent)?, after, limit))?,
            None => wait(py, sessions.page(after, limit))?,
        };
        let sessions = page.sessions.iter().map(ToString::to_string).collect();
        Ok((sessions, page.next))
    }

    fn grant(
        &self,
        py: Python<'_>,
        session: &str,
        recipient: &str,
        word: &str,
        from_join: bool,
    ) -> PyResult<()> {
        let (session, recipient, right) = (id(session)?, id(recipient)?, right(word)?);
        let sessions = self.0.sessions();
        wait(
            py,
            sessions.grant(session, recipient, right, visibility(from_join)),
        )
    }

    fn set_rights(
        &self,
        py: Python<'_>,
        session: &str,
        recipient: &str,
        word: &str,
    ) -> PyResult<()> {
        let (session, recipient, right) = (id(session)?, id(recipient)?, right(word)?);
        wait(py, self.0.sessions().set_rights(session, recipient, right))
    }

    fn revoke(&self, py: Python<'_>, session: &str, recipients: Vec<String>) -> PyResult<()> {
        let (session, recipients) = (id(session)?, ids(&recipients)?);
        wait(py, self.0.sessions().revoke(session, &recipients))
    }

    fn grant_many<'py>(
        &self,
        py: Python<'py>,
        session: &str,
        recipients: Vec<(String, String)>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let recipients = recipients
            .iter()
            .map(|(member, word)| Ok((id(member)?, right(word)?)))
            .collect::<PyResult<Vec<_>>>()?;
        let granted = wait(py, self.0.sessions().grant_many(id(session)?, &recipients))?;
        each(py, granted, |()| py.None())
    }

    fn revoke_many<'py>(
        &self,
        py: Python<'py>,
        revocations: Vec<(String, Vec<String>)>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let revocations = revocations
            .iter()
            .map(|(session, members)| Ok((id(session)?, ids(members)?)))
            .collect::<PyResult<Vec<_>>>()?;
        let revoked = wait(py, self.0.sessions().revoke_many(&revocations))?;
        each(py, revoked, |()| py.None())
    }

    fn revoke_others(&self, py: Python<'_>, session: &str) -> PyResult<Vec<String>> {
        let revoked = wait(py, self.0.sessions().revoke_others(id(session)?))?;
        Ok(revoked.iter().map(ToString::to_string).collect())
    }

    fn revoke_all(&self, py: Python<'_>, session: &str) -> PyResult<()> {
        wait(py, self.0.sessions().revoke_all(id(session)?))
    }

    fn export_sessions<'py>(
        &self,
        py: Python<'py>,
        sessions: Vec<String>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let exported = wait(py, self.0.sessions().export(&ids(&sessions)?))?;
        Ok(PyBytes::new(py, &exported))
    }

    fn import_sessions(&self, py: Python<'_>, exported: &[u8]) -> PyResult<Vec<String>> {
        let imported = wait(py, self.0.sessions().import(exported))?;
        Ok(imported.iter().map(ToString::to_string).collect())
    }

    fn history(&self, py: Python<'_>, session: &str) -> PyResult<Vec<Event>> {
        let history = wait(py, self.0.sessions().history(id(session)?))?;
        Ok(history.iter().map(Event::from).collect())
    }

    fn describe(&self, py: Python<'_>, session: &str, metadata: String) -> PyResult<()> {
        let (session, metadata) = (id(session)?, json(Some(metadata))?);
        let metadata = metadata.unwrap_or_default();
        wait(py, self.0.sessions().describe(session, &metadata))
    }

    fn recovery_methods(&self, py: Python<'_>) -> PyResult<Vec<(&'static str, String)>> {
        let methods = wait(py, self.0.recovery().methods())?;
        Ok(methods
            .iter()
            .map(|method| (method.method.kind().word(), method.device.to_string()))
            .collect())
    }

    fn create_recovery_code(&self, py: Python<'_>) -> PyResult<String> {
        Ok(wait(py, self.0.recovery().create_code())?.to_string())
    }

    fn set_organisation(&self, py: Python<'_>, group: &str, quorum: u8) -> PyResult<String> {
        let set = wait(py, self.0.recovery().set_organisation(id(group)?, quorum))?;
        Ok(set.to_string())
    }

    fn remove_recovery(&self, py: Python<'_>, method: &str) -> PyResult<()> {
        wait(py, self.0.recovery().remove(id(method)?))
    }

    fn check_recovery(&self, py: Python<'_>) -> PyResult<Vec<Checked>> {
        let checked = wait(py, self.0.recovery().check())?;
        Ok(checked
            .iter()
            .map(|check| {
                (
                    check.kind.word(),
                    check.device.to_string(),
                    check.state.word(),
                    check.reason,
                )
            })
            .collect())
    }

    fn seal<'py>(
        &self,
        py: Python<'py>,
        session: &str,
        content: &[u8],
        how: Sealing,
        told: Told,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (session, options) = (id(session)?, sealing(how, told)?);
        let sealed = wait(py, self.0.seal_with(session, content, options))?;
        Ok(PyBytes::new(py, &sealed))
    }

    fn seal_file(
        &self,
        py: Python<'_>,
        session: &str,
        source: PathBuf,
        target: PathBuf,
        how: Sealing,
        told: Told,
    ) -> PyResult<Header> {
        let (session, options) = (id(session)?, sealing(how, told)?);
        let sealed = wait(py, self.0.seal_file_with(session, source, target, options))?;
        Ok((&sealed).into())
    }

    fn seal_stream(
        &self,
        py: Python<'_>,
        session: &str,
        source: Py<PyAny>,
        target: Py<PyAny>,
        how: Sealing,
        told: Told,
    ) -> PyResult<Header> {
        let (session, options) = (id(session)?, sealing(how, told)?);
        let (source, target) = (Input(source), Output(target));
        let sealed = wait(py, self.0.seal_reader(session, source, target, options))?;
        let (header, _): (ObjectHeader, Output) = sealed;
        Ok((&header).into())
    }

    fn open_bytes(&self, py: Python<'_>, object: &[u8]) -> PyResult<Opened> {
        Ok(Opened::new(wait(py, self.0.open_bytes(object))?))
    }

    fn open_many<'py>(
        &self,
        py: Python<'py>,
        objects: Vec<Vec<u8>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let opened = wait(py, async { Ok(self.0.open_many(objects).await) })?;
        each(py, opened, Opened::new)
    }

    fn open_files<'py>(
        &self,
        py: Python<'py>,
        paths: Vec<PathBuf>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let opened = wait(py, async { Ok(self.0.open_files(paths).await) })?;
        each(py, opened, Opened::new)
    }

    fn open_file(&self, py: Python<'_>, path: PathBuf) -> PyResult<Opened> {
        Ok(Opened::new(wait(py, self.0.open_file(path))?))
    }

    fn open_stream(&self, py: Python<'_>, source: Py<PyAny>) -> PyResult<Opened> {
        let opened = wait(py, self.0.open_reader(Input(source)))?;
        Ok(Opened::new(opened))
    }
}

/// Kind, device, state and reason of a way back in.
type Checked = (&'static str, String, &'static str, Option<&'static str>);

/// Managers, sharers, readers, label and metadata of a new session.
type New = (
    Vec<String>,
    Vec<String>,
    Vec<String>,
    Option<String>,
    Option<String>,
);

fn members_of(members: &[(String, String)]) -> PyResult<Vec<(MemberId, Role)>> {
    members
        .iter()
        .map(|(member, word)| Ok((id(member)?, role(word)?)))
        .collect()
}

fn new_session((manage, share, read, label, metadata): New) -> PyResult<NewSession> {
    Ok(NewSession {
        manage: ids(&manage)?,
        share: ids(&share)?,
        read: ids(&read)?,
        label,
        metadata: json(metadata)?,
    })
}

/// Changes, one after the other.
#[pyclass(frozen, module = "wardseal._native")]
pub(crate) struct Changes(Mutex<Option<Inner>>);

#[pymethods]
impl Changes {
    /// Kind and identifier of the next.
    fn next(&self, py: Python<'_>) -> PyResult<(&'static str, String)> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut changes = taken.ok_or_else(|| {
            pyo3::exceptions::PyRuntimeError::new_err("another thread waits for these changes")
        })?;
        let next = wait(py, async { Ok::<_, Error>(changes.next().await) });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(changes);
        match next?.map_err(raised)? {
            Change::Session(session) => Ok(("session", session.to_string())),
            Change::Group(group) => Ok(("group", group.to_string())),
            Change::User(user) => Ok(("user", user.to_string())),
            // Kinds that are newer than this package.
            _ => Ok(("other", String::new())),
        }
    }
}
