//! Calls about no organization.

use super::Call;
use crate::problem::Problem;
use crate::render;
use crate::said::Said;
use actix_web::HttpResponse;
use firma_services::{Answer, Caller, Refusal, Tx};

impl Call {
    /// A call about no organization that stores nothing.
    pub(crate) async fn read_alone<F>(self, run: F) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Tx<'_>, Caller, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        let answer = self.look_alone(run).await?;
        Ok(render::response(answer, &self.request))
    }

    /// The same for what isn't yet an answer.
    pub(crate) async fn look_alone<T, F>(&self, run: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>, Caller, &Said) -> Result<T, Refusal> + Send + 'static,
    {
        let caller = self.caller().await?;
        let (state, said, _) = self.parts();
        let found = state.database.read(move |tx: &mut Tx<'_>| {
            caller.check(tx)?;
            run(tx, caller, &said)
        });
        Ok(found.await?)
    }

    /// What has to be stored before a call about no organization can be made.
    pub(crate) async fn prepare_alone<T, F>(&self, run: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>, Caller, &Said) -> Result<T, Refusal> + Send + 'static,
    {
        let caller = self.caller().await?;
        let (state, said, _) = self.parts();
        let prepared = state.database.write(said.origin.clone(), move |tx: &mut Tx<'_>| {
            caller.check(tx)?;
            run(tx, caller, &said)
        });
        Ok(prepared.await?)
    }

    /// A call about no organization, once for each `Idempotency-Key`.
    pub(crate) async fn write_alone<F>(self, run: F) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Tx<'_>, Caller, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        let answer = self.answer_alone(None, run).await?;
        Ok(render::response(answer, &self.request))
    }

    /// The same, with what stands for the body where that was read in another way.
    pub(crate) async fn answer_alone<F>(&self, body: Option<Vec<u8>>, run: F) -> Result<Answer, Problem>
    where
        F: Fn(&mut Tx<'_>, Caller, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        let caller = self.caller().await?;
        let (state, said, _) = self.parts();
        let answer = state.database.write(said.origin.clone(), move |tx: &mut Tx<'_>| {
            firma_services::perform_alone(
                tx,
                caller,
                || said.request(body.as_deref().unwrap_or(&said.body)),
                |tx| run(tx, caller, &said),
            )
        });
        Ok(answer.await?)
    }
}
