//! Bytes that come and go in streams: an upload is never in memory as a whole, nor is a download.

use crate::arriving;
use crate::call::{Call, Said};
use crate::media;
use crate::problem::Problem;
use crate::render;
use crate::state::State;
use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    self, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use firma_auth::access::{Create, Grant, Read};
use firma_domain::Entity;
use firma_domain::platform::File;
use firma_services::platform::{Received, Receiving, add_file, expect_upload};
use firma_services::{Answer, Caller, Fault, Refusal, Tx, Work, crud, identity};
use futures_util::stream;
use std::io;

type Answered = Result<HttpResponse, Problem>;
/// Bytes that are read from the store at once.
const CHUNK: usize = 65_536;

/// Bytes of a refused upload that are read for nothing.
const SHORT: usize = 65_536;

/// A call whose body is a form with a file: it is read when it is known that the caller may send it.
pub(crate) struct Upload {
    call: Call,
    payload: Payload,
}

impl FromRequest for Upload {
    type Error = Problem;
    type Future = std::future::Ready<Result<Upload, Problem>>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = payload.take();
        std::future::ready(Call::without_body(request).map(|call| Upload { call, payload }))
    }
}

impl Upload {
    /// The form. Where the call is refused before, it is read all the same as far as it is short: whether something of
    /// it is left when the answer goes out would show in a header.
    async fn allowed<T>(self, prepared: Result<T, Problem>) -> Result<(Call, Multipart, T), Problem> {
        let Upload { call, mut payload } = self;
        match prepared {
            Ok(prepared) => {
                let form = Multipart::new(call.request().headers(), payload);
                Ok((call, form, prepared))
            }
            Err(problem) => {
                let mut left = SHORT;
                while let Ok(Some(Ok(chunk))) = arriving::next(&mut payload).await {
                    left = left.saturating_sub(chunk.len());
                    if left == 0 {
                        break;
                    }
                }
                Err(problem)
            }
        }
    }
}

/// What came with a form.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub name: String,
    pub received: Received,
    /// What stands in the field beside the file, where there is to be one
    pub options: Option<String>,
}

/// What a form is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A file of a kind that its bytes tell
    File,
    /// An image, and nothing else
    Image,
    /// A file of rows, and `options`
    Rows,
}

/// The most bytes of `options`.
const MOST_OPTIONS: usize = 1_000_000;

pub(crate) async fn upload(upload: Upload) -> Answered {
    let expect = |work: &mut Work<'_, '_>, grant| expect_upload(work, grant);
    with_file::<File, _>(upload, Takes::File, expect, |work, grant, said, sent| {
        render::made(said, &add_file(work, grant, &sent.name, &sent.received)?)
    })
    .await
}

/// A call with a file that makes an `E`. The right to it comes first, then the bytes, then the row.
pub(crate) async fn with_file<E: Entity, F>(
    upload: Upload,
    takes: Takes,
    expect: fn(&mut Work<'_, '_>, Grant<E, Create>) -> Result<String, Refusal>,
    run: F,
) -> Answered
where
    F: Fn(&mut Work<'_, '_>, Grant<E, Create>, &Said, &Sent) -> Result<Answer, Refusal> + Send + 'static,
{
    let prepared = upload
        .call
        .prepare::<E, Create, _, _>(move |work, grant, said| {
            said.no_query()?;
            expect(work, grant)
        })
        .await;
    let (call, form, key) = upload.allowed(prepared).await?;
    let sent = match receive(&call, &key, form, takes).await {
        Ok(sent) => sent,
        Err(problem) => {
            forget(&call, key).await;
            return Err(problem);
        }
    };
    // Sent again with the same key it is the same call if it is the same file.
    let options = sent.options.as_deref().unwrap_or_default();
    let stands_for = format!("{}\0{}{options}", sent.name, sent.received.sha256).into_bytes();
    let answer = call
        .answer::<E, Create, _>(Some(stands_for), move |work, grant, said| {
            run(work, grant, said, &sent)
        })
        .await;
    // Where it isn't known whether the row is stored, the clean-up will know.
    let unused = match &answer {
        Ok(answer) => answer.replayed,
        Err(problem) => problem.is_certain(),
    };
    if unused {
        forget(&call, key).await;
    }
    Ok(render::response(answer?, call.request()))
}

/// A call with the image of who is signed in.
pub(crate) async fn own_image(upload: Upload) -> Answered {
    let expect = |tx: &mut Tx<'_>, _: Caller, said: &Said| {
        said.no_query()?;
        identity::expect_image(tx)
    };
    let prepared = upload.call.prepare_alone(expect).await;
    let (call, form, key) = upload.allowed(prepared).await?;
    let files = call.said().state.files.clone();
    let received = match receive(&call, &key, form, Takes::Image).await {
        Ok(sent) => {
            let (files, received) = (files.clone(), sent.received);
            blocking(move || files.check_image(&received).map(|()| received)).await
        }
        Err(problem) => Err(problem),
    };
    let discard = async || drop(web::block(move || files.discard(&key)).await);
    let received = match received {
        Ok(received) => received,
        Err(problem) => {
            discard().await;
            return Err(problem);
        }
    };
    let stands_for = received.sha256.clone().into_bytes();
    let answer = call
        .answer_alone(Some(stands_for), move |tx, caller, said| {
            render::me(&identity::set_image(tx, caller, &received, &said.if_match)?)
        })
        .await;
    // What was noted of these bytes the clean-up takes away.
    if answer
        .as_ref()
        .map_or_else(Problem::is_certain, |answer| answer.replayed)
    {
        discard().await;
    }
    Ok(render::response(answer?, call.request()))
}

/// Removes bytes that no row is about. What fails here, the clean-up does.
async fn forget(call: &Call, key: String) {
    let files = call.said().state.files.clone();
    let removed = key.clone();
    if web::block(move || files.discard(&removed)).await.is_ok() {
        let spare = move |work: &mut Work<'_, '_>, _, _: &_| work.forget_upload(&key);
        let _ = call.prepare::<File, Create, _, _>(spare).await;
    }
}

async fn receive(call: &Call, key: &str, mut form: Multipart, takes: Takes) -> Result<Sent, Problem> {
    media::form(call.request()).map_err(Refusal::MediaType)?;
    let state = &call.said().state;
    let wrong = |name: &str, code, detail: &str| Problem::from(Refusal::field(name, code, detail));
    let (mut found, mut options) = (None, None);
    while let Some(field) = arriving::next(&mut form).await? {
        let field = field.map_err(unreadable)?;
        let part = field.name().unwrap_or_default().to_owned();
        match part.as_str() {
            "file" if found.is_some() => return Err(wrong("file", "repeated", "is there twice")),
            "file" => {
                let name = field
                    .content_disposition()
                    .and_then(|disposition| disposition.get_filename());
                let name = name
                    .ok_or_else(|| wrong("file", "required", "has to have a file name"))?
                    .to_owned();
                found = Some((name, stored(state, key, field, takes).await?));
            }
            "options" if takes == Takes::Rows && options.is_none() => options = Some(text(field).await?),
            name => return Err(wrong(name, "unknown_field", "is not a field of this form")),
        }
    }
    let (name, received) = found.ok_or_else(|| wrong("file", "required", "is required"))?;
    if takes == Takes::Rows && options.is_none() {
        return Err(wrong("options", "required", "is required"));
    }
    Ok(Sent {
        name,
        received,
        options,
    })
}

/// A field of text.
async fn text(mut field: Field) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = arriving::next(&mut field).await? {
        bytes.extend_from_slice(&chunk.map_err(unreadable)?);
        if bytes.len() > MOST_OPTIONS {
            return Err(Refusal::TooLarge(u64::try_from(MOST_OPTIONS).unwrap_or(u64::MAX)).into());
        }
    }
    String::from_utf8(bytes).map_err(|e| Refusal::Malformed(e.to_string()).into())
}

async fn stored(state: &State, key: &str, mut field: Field, takes: Takes) -> Result<Received, Problem> {
    let (files, key) = (state.files.clone(), key.to_owned());
    let mut receiving: Receiving = blocking(move || match takes {
        Takes::File => files.receive(&key),
        Takes::Image => files.receive_image(&key),
        Takes::Rows => files.receive_rows(&key),
    })
    .await?;
    while let Some(chunk) = arriving::next(&mut field).await? {
        let chunk = chunk.map_err(unreadable)?;
        receiving = blocking(move || {
            receiving.write(&chunk)?;
            Ok(receiving)
        })
        .await?;
    }
    blocking(move || receiving.keep()).await
}

fn unreadable(error: MultipartError) -> Problem {
    match error {
        MultipartError::ContentTypeParse | MultipartError::BoundaryMissing => {
            Problem::new("media_type", "the form has to say what parts it")
        }
        other => Problem::new("malformed_body", format!("the form can't be read: {other}")),
    }
}

/// On a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Problem> {
    match web::block(run).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(Refusal::Fault(Fault::Busy).into()),
    }
}

pub(crate) async fn content(call: Call) -> Answered {
    let file = call
        .look(|work, said| {
            let grant = work.grant::<File, Read>()?;
            said.no_query()?;
            crud::find(work, grant, said.id()?)
        })
        .await?
        .value;
    serve(&call, file).await
}

/// The bytes of a file that the caller may see.
pub(crate) async fn serve(call: &Call, file: File) -> Answered {
    let size = u64::try_from(file.size).unwrap_or(0);
    let asked = call.said().range.as_deref().and_then(|range| part(range, size));
    let (start, length) = match asked {
        None => (0, size),
        Some(Some(part)) => part,
        Some(None) => return Err(Problem::new("range", format!("it has {size} bytes"))),
    };
    let mut response = HttpResponse::Ok();
    if asked.is_some() {
        let last = (start + length).saturating_sub(1);
        response
            .status(StatusCode::PARTIAL_CONTENT)
            .insert_header((header::CONTENT_RANGE, format!("bytes {start}-{last}/{size}")));
    }
    response
        .insert_header((header::CONTENT_TYPE, file.media_type.as_str()))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header(attachment(&file.name))
        .no_chunking(length);
    let files = call.said().state.files.clone();
    let reader = blocking(move || files.open(&file, start, length)).await?;
    let chunks = stream::try_unfold(reader, |mut reader| async move {
        let read = web::block(move || {
            let mut chunk = vec![0; CHUNK];
            let count = io::Read::read(&mut reader, &mut chunk)?;
            chunk.truncate(count);
            Ok::<_, io::Error>((chunk, reader))
        });
        let (chunk, reader) = read.await.map_err(io::Error::other)??;
        Ok::<_, io::Error>((!chunk.is_empty()).then(|| (web::Bytes::from(chunk), reader)))
    });
    Ok(response.streaming(Box::pin(chunks)))
}

pub(crate) fn attachment(name: &str) -> ContentDisposition {
    let extended = ExtendedValue {
        charset: Charset::Ext("UTF-8".into()),
        language_tag: None,
        value: name.as_bytes().to_vec(),
    };
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::FilenameExt(extended)],
    }
}

/// Start and length of the part that `bytes=1-5` and such name, none where there are no such bytes. What names several
/// parts, or can't be read, is as if it weren't there.
fn part(range: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = match (first.trim(), last.trim()) {
        ("", suffix) => (size.saturating_sub(suffix.parse().ok()?), size),
        (first, "") => (first.parse().ok()?, size),
        (first, last) => (
            first.parse().ok()?,
            last.parse::<u64>().ok()?.saturating_add(1).min(size),
        ),
    };
    Some(
        end.checked_sub(start)
            .filter(|length| *length > 0)
            .map(|length| (start, length)),
    )
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn reads_one_range() {
        assert_eq!(part("bytes=0-4", 10), Some(Some((0, 5))));
        assert_eq!(part("bytes=5-", 10), Some(Some((5, 5))));
        assert_eq!(part("bytes=-3", 10), Some(Some((7, 3))));
        assert_eq!(part("bytes=-30", 10), Some(Some((0, 10))));
        assert_eq!(part("bytes=8-99", 10), Some(Some((8, 2))));
        for beyond in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=5-3"] {
            assert_eq!(part(beyond, 10), Some(None), "{beyond}");
        }
        for unread in ["bytes=0-1,3-4", "lines=1-2", "bytes=x-", "bytes"] {
            assert_eq!(part(unread, 10), None, "{unread}");
        }
    }
}
