// An OpenID provider that lies. What its token endpoint answers is written in the code that it is given, as JSON in
// base64url, so a test says with each sign-in what is to be wrong:
//   claims  over those of a right token; null leaves one out
//   alg     RS256, ES256, HS256, none
//   key     the key's id; one that nobody saw yet is made, and published from then on. `hidden…` never is
//   kid     what the header says, where it isn't the key's id
//   token   the whole id_token, as it stands
//   answer  {status, body, headers} in the place of a token answer
import { createServer } from 'node:http';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';

const encode = (value) => Buffer.from(value).toString('base64url');
const keys = new Map();

function keyOf(name, alg) {
  const id = `${name}-${alg}`;
  if (!keys.has(id)) {
    const pair = alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
    keys.set(id, pair);
  }
  return { id, ...keys.get(id) };
}

function token(told, claims, clientSecret) {
  const alg = told.alg ?? 'RS256';
  const asymmetric = alg === 'RS256' || alg === 'ES256';
  const key = asymmetric ? keyOf(told.key ?? 'first', alg) : { id: 'none' };
  const header = { alg, typ: 'JWT', kid: told.kid ?? key.id };
  const said = `${encode(JSON.stringify(header))}.${encode(JSON.stringify(claims))}`;
  const signature = {
    RS256: () => sign('sha256', Buffer.from(said), key.privateKey),
    ES256: () => sign('sha256', Buffer.from(said), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }),
    HS256: () => createHmac('sha256', told.secret ?? clientSecret).update(said).digest(),
    none: () => '',
  }[alg]();
  return `${said}.${encode(signature)}`;
}

const read = async (request) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
};

/** Not listening yet. */
export async function forger() {
  const seen = { discovery: 0, keys: 0, token: 0 };
  const server = createServer(async (request, response) => {
    const issuer = `http://${request.headers.host}`;
    const json = (status, body, headers = {}) => response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
    const path = new URL(request.url, issuer).pathname;
    if (path === '/seen') return json(200, seen);
    if (path === '/.well-known/openid-configuration') {
      seen.discovery += 1;
      return json(200, {
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`,
        jwks_uri: `${issuer}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256', 'ES256', 'HS256', 'none'],
      });
    }
    if (path === '/keys') {
      seen.keys += 1;
      const shown = [...keys].filter(([id]) => !id.startsWith('hidden'));
      return json(200, {
        keys: shown.map(([kid, { publicKey }]) => ({
          ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: kid.endsWith('ES256') ? 'ES256' : 'RS256',
        })),
      });
    }
    if (path === '/userinfo') {
      const told = JSON.parse(Buffer.from(request.headers.authorization.split(' ')[1], 'base64url'));
      return json(200, told.userinfo ?? { sub: 'nobody' });
    }
    if (path !== '/token') return json(404, {});
    seen.token += 1;
    const form = await read(request);
    const told = JSON.parse(Buffer.from(form.get('code'), 'base64url'));
    // More than anybody reads.
    if (told.endless) return json(200, { endless: 'x'.repeat(1_100_000) });
    if (told.answer) return json(told.answer.status, told.answer.body, told.answer.headers);
    const now = Math.floor(Date.now() / 1000);
    const [clientId, secret] = Buffer.from(request.headers.authorization.split(' ')[1], 'base64')
      .toString().split(':').map(decodeURIComponent);
    const claims = { iss: issuer, aud: clientId, sub: 'forged', iat: now, exp: now + 300, nonce: told.nonce, ...told.claims };
    for (const [name, value] of Object.entries(claims)) if (value === null) delete claims[name];
    return json(200, {
      access_token: form.get('code'),
      token_type: 'Bearer',
      expires_in: 300,
      id_token: told.token ?? token(told, claims, secret),
    });
  });
  keyOf('first', 'RS256');
  return server;
}
