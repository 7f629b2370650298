//! Calls by who holds a platform role: 401, then as if the path didn't exist for everybody else, then 403.

use crate::call::{Call, asked};
use crate::problem::Problem;
use crate::render;
use crate::said::Said;
use actix_web::HttpResponse;
use firma_auth::access::{Action, OnPlatform, PlatformGrant};
use firma_services::{Answer, Caller, Desk, Refusal, Tx};

impl Call {
    /// A call on the platform that stores nothing.
    pub(crate) async fn read_platform<F>(self, run: F) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Desk<'_, '_>, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        self.look_at_platform(false, run).await
    }

    /// The same for what is of so many rows that it takes its time.
    pub(crate) async fn read_platform_widely<F>(self, run: F) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Desk<'_, '_>, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        self.look_at_platform(true, run).await
    }

    async fn look_at_platform<F>(self, much: bool, run: F) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Desk<'_, '_>, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        let caller = self.holder().await?;
        let (state, said) = (self.said.state.clone(), self.said.clone());
        let answer = asked(&state, much, move |tx: &mut Tx<'_>| {
            run(&mut Desk::enter(tx, caller)?, &said)
        });
        self.on_platform(answer.await)
    }

    /// A call that does `A` to `E` on the platform, once for each `Idempotency-Key`.
    pub(crate) async fn write_platform<E: OnPlatform, A: Action, F>(
        self,
        run: F,
    ) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Desk<'_, '_>, PlatformGrant<E, A>, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        let caller = self.holder().await?;
        let (state, said) = (self.said.state.clone(), self.said.clone());
        let answer = state.database.write(said.origin.clone(), move |tx: &mut Tx<'_>| {
            firma_services::perform_on_platform(
                &mut Desk::enter(tx, caller)?,
                || said.request(&said.body),
                |desk, grant| run(desk, grant, &said),
            )
        });
        self.on_platform(answer.await)
    }

    /// The person who calls; for a program there is nothing here.
    async fn holder(&self) -> Result<Caller, Problem> {
        self.caller()
            .await
            .map_err(|problem| match problem.code() == "key_not_allowed" {
                true => Problem::nothing_at(&self.said.path),
                false => problem,
            })
    }

    /// For who holds no platform role it is as if the path didn't exist.
    fn on_platform(&self, outcome: Result<Answer, Refusal>) -> Result<HttpResponse, Problem> {
        let answer = outcome.map_err(|refusal| match refusal {
            Refusal::NothingHere => Problem::nothing_at(&self.said.path),
            other => other.into(),
        })?;
        Ok(render::response(answer, &self.request))
    }
}
