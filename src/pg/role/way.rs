//! Acts as a store's role: by a login of its own, else by a session of ours, and says by which.
//!
//! Nothing is left of it: a membership that it takes is granted in the transaction that is rolled back.

use anyhow::Result;

use super::StoreRole;
use crate::error::{Exit, Refusal, ServerError};
use crate::ident::Ident;
use crate::pg::Client;
use crate::pg::dial::Wire;
use crate::pg::failure::ServerResult;
use crate::pg::session::{Known, Session, Sessions};

/// A session that acts as the role, in an open transaction.
pub(super) enum Way {
    /// It logged in.
    Login(Wire),
    /// Ours, which the server takes for one of the role's.
    SessionAuthorization(Session),
    /// Ours, with the rights of the role alone; what it may become is still asked of us.
    SetRole(Session),
}

impl Way {
    /// The best way there is, and why it is no login.
    ///
    /// # Errors
    /// A refusal with exit code 5 where nobody here can act as the role; the server's error.
    pub(super) async fn take(
        sessions: &Sessions,
        role: &StoreRole,
        can_login: bool,
        known: &Known,
    ) -> Result<(Self, Option<String>)> {
        match login(sessions, role, can_login, known).await? {
            Ok(wire) => {
                wire.batch_execute("begin").await.server()?;
                Ok((Self::Login(wire), None))
            }
            Err(reason) => Ok((Self::of_ours(sessions, role, &reason).await?, Some(reason))),
        }
    }

    async fn of_ours(sessions: &Sessions, role: &StoreRole, reason: &str) -> Result<Self> {
        let writer = sessions.writer().await?;
        let name = &role.name;
        let (is_superuser, acting) = acting_as(&writer, name).await?;
        let begin = match is_superuser {
            true => format!("begin; set local session authorization {name}"),
            false => format!("begin; {acting}"),
        };
        if let Err(error) = writer.batch_execute(&begin).await.server() {
            writer.discard();
            let exit = if error.is(&["42501"]) { Exit::Unreachable } else { Exit::Failed };
            let us = &sessions.facts().role;
            let refusal = Refusal::new(format!("role {} cannot be acted as", name.raw()))
                .because(reason)
                .hint(format!("give its password by --password-file, or `grant {name} to {us}`"))
                .exit(exit);
            return Err(anyhow::Error::new(error).context(refusal));
        }
        Ok(if is_superuser { Self::SessionAuthorization(writer) } else { Self::SetRole(writer) })
    }

    /// Its word in reports.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Login(_) => "login",
            Self::SessionAuthorization(_) => "session_authorization",
            Self::SetRole(_) => "set_role",
        }
    }

    /// The session.
    pub(super) fn client(&self) -> &Client {
        match self {
            Self::Login(wire) => wire,
            Self::SessionAuthorization(session) | Self::SetRole(session) => session,
        }
    }

    /// Closes the session; nothing of what it was goes back to the others.
    pub(super) fn leave(self) {
        match self {
            Self::Login(wire) => drop(wire),
            Self::SessionAuthorization(session) | Self::SetRole(session) => session.discard(),
        }
    }
}

/// Whether we are a superuser, and the statements that let a transaction of ours act as a role, until it ends.
///
/// # Errors
/// The server's error.
pub(in crate::pg) async fn acting_as(client: &Client, role: &Ident) -> Result<(bool, String)> {
    let of_version = "select pg_catalog.current_setting('server_version_num')::int >= 160000";
    let since_16: bool = client.query_one(of_version, &[]).await.server()?.get(0);
    // Since 16 to be a member is not yet the right to act as one.
    let right = if since_16 { "set" } else { "member" };
    let me = client
        .query_one(
            "select r.rolsuper, pg_catalog.pg_has_role(current_user, $1::text::name, $2::text)
             from pg_catalog.pg_roles r where r.rolname = session_user",
            &[&role.raw(), &right],
        )
        .await
        .server()?;
    let (is_superuser, may_act): (bool, bool) = (me.get(0), me.get(1));
    let grant = match (is_superuser || may_act, since_16) {
        (true, _) => String::new(),
        (false, true) => format!("grant {role} to current_user with set true, inherit false; "),
        (false, false) => format!("grant {role} to current_user; "),
    };
    Ok((is_superuser, format!("{grant}set local role {role}")))
}

/// A session of the role's own, or why there is none.
async fn login(sessions: &Sessions, role: &StoreRole, can_login: bool, known: &Known) -> Result<Result<Wire, String>> {
    if !can_login {
        return Ok(Err("the role may not log in".into()));
    }
    match sessions.login(&role.name, known).await {
        Ok(Some(wire)) => Ok(Ok(wire)),
        Ok(None) => Ok(Err("its password is not known".into())),
        Err(error) => {
            sessions.check()?;
            let said = error.chain().find_map(|cause| cause.downcast_ref::<ServerError>().map(ToString::to_string));
            Ok(Err(format!("its login failed: {}", said.unwrap_or_else(|| error.to_string()))))
        }
    }
}
