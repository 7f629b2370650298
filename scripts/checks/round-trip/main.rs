//! A round trip with the generated client.

use firma_client::apis::{configuration::Configuration, crm_api, identity_api};
use firma_client::models::{Credentials, NewCompany, Size};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [url, email, password, organization] = &given[..] else {
        return Err("URL, e-mail, password and organization are needed".into());
    };
    let mut configuration = Configuration {
        base_path: url.clone(),
        ..Configuration::new()
    };
    let credentials = Credentials::new(email.clone(), password.clone());
    let signed_in = identity_api::login(&configuration, credentials).await?;
    configuration.bearer_access_token = Some(signed_in.access_token);

    let value = NewCompany {
        size: Some(Some(Size::Small)),
        tags: Some(vec!["client".into()]),
        ..NewCompany::new("Made by Rust".into())
    };
    let made = crm_api::create_company(&configuration, organization, value.clone(), None).await?;
    let id = made.id.to_string();
    let found = crm_api::get_company(&configuration, organization, &id, None, None, None).await?;
    assert_eq!(found, made);
    assert_eq!((found.name, Some(found.size), Some(found.tags)), (value.name, value.size, value.tags));
    Ok(())
}
