//! The settings as they hold.
use crate::cli::Output;
use crate::config::Given;

pub(crate) fn print(given: &[Given], output: &Output) -> Result<(), String> {
    if output.json {
        return crate::say_json(&given);
    }
    let value = |given: &Given| given.value.clone().unwrap_or_else(|| "(not set)".into());
    let widest = |of: &dyn Fn(&Given) -> usize| given.iter().map(of).max().unwrap_or(0);
    let names = widest(&|given| given.setting.len());
    let values = widest(&|given| value(given).chars().count()).min(40);
    let line = |given: &Given| {
        let from = given.from.as_deref().unwrap_or("-");
        let (name, value) = (given.setting.replace('_', "-"), value(given));
        format!("{name:names$}  {value:values$}  {from}")
    };
    crate::say(given.iter().map(line).collect::<Vec<_>>().join("\n"));
    Ok(())
}
