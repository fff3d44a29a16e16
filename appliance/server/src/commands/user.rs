//! `appliance user …`.

use std::process::ExitCode;

use desk::ids::DepartmentId;
use desk::operator::{Operator, Role};

use super::print;
use crate::admin::{AccountRequest, AdminClient, IssuedAccount};
use crate::cli::{RoleArg, UserCommand};
use crate::config::Config;

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Operator => Self::Operator,
            RoleArg::Editor => Self::Editor,
            RoleArg::Supervisor => Self::Supervisor,
            RoleArg::Administrator => Self::Administrator,
        }
    }
}

/// Asks the running server.
///
/// # Errors
/// When the server is not running or refuses.
pub(crate) async fn run(command: UserCommand, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let client = AdminClient::new(&config.admin_socket())?;
    match command {
        UserCommand::Add { username, name, role, departments } => {
            let request = AccountRequest {
                username,
                display_name: name,
                role: role.into(),
                departments: departments.into_iter().map(DepartmentId).collect(),
            };
            show_issued(&client.post("/accounts", &request).await?, json)?;
        }
        UserCommand::ResetPassword { username } => {
            show_issued(&client.post(&format!("/accounts/{username}/reset-password"), &()).await?, json)?;
        }
        UserCommand::Extension { username, number } => {
            let operator: Operator = client.post(&format!("/accounts/{username}/extension"), &number).await?;
            match operator.extension {
                Some(number) => print::line(format_args!("Calls reach {} at {number}.", operator.username)),
                None => print::line(format_args!("Calls do not reach {}.", operator.username)),
            }
        }
        UserCommand::Disable { username } => {
            let operator: Operator = client.post(&format!("/accounts/{username}/disable"), &()).await?;
            print::line(format_args!("{} may no longer sign in.", operator.username));
        }
        UserCommand::Enable { username } => {
            let operator: Operator = client.post(&format!("/accounts/{username}/enable"), &()).await?;
            print::line(format_args!("{} may sign in again.", operator.username));
        }
        UserCommand::List => {
            let operators: Vec<Operator> = client.get("/accounts").await?;
            if json {
                print::json(&operators)?;
            } else {
                print::table(&["USER", "NAME", "ROLE", "DEPARTMENTS", "STATE"], operators.iter().map(row));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(operator: &Operator) -> [String; 5] {
    let departments: Vec<&str> = operator.departments.iter().map(|department| department.0.as_str()).collect();
    let state = match (operator.active, operator.must_change_password) {
        (false, _) => "disabled",
        (true, true) => "one-time password",
        (true, false) => "active",
    };
    [
        operator.username.clone(),
        operator.display_name.clone(),
        format!("{:?}", operator.role).to_lowercase(),
        if departments.is_empty() { "all".to_owned() } else { departments.join(", ") },
        state.to_owned(),
    ]
}

fn show_issued(issued: &IssuedAccount, json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(issued);
    }
    print::line(format_args!("user               {}", issued.operator.username));
    print::line(format_args!("one-time password  {}", issued.one_time_password));
    print::line("It is shown only now, and must be changed at the first sign-in.");
    Ok(())
}
