// Two OpenID providers on loopback for the tests: a real one (oidc-provider, certified), where whoever comes is signed
// in as `login_hint` says, and one that answers as wrongly as it is told. Prints their addresses as one line of JSON;
// ends with its standard input.
import { createServer } from 'node:http';
import { webcrypto } from 'node:crypto';

// Before version 20, Node has it under another name.
globalThis.crypto ??= webcrypto;
const { Provider } = await import('oidc-provider');
const { forger } = await import('./forger.mjs');

const listen = (server) => new Promise((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`));
});

const people = new Map();
const server = createServer();
const issuer = await listen(server);
const client = (client_id, further) => ({
  client_id,
  application_type: 'native',
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [`http://127.0.0.1/api/v1/auth/oidc/${client_id}/callback`],
  ...further,
});
const provider = new Provider(issuer, {
  clients: [
    client('real', { client_secret: 'a secret of the tests', token_endpoint_auth_method: 'client_secret_basic' }),
    client('public', { token_endpoint_auth_method: 'none' }),
    client('other', { client_secret: 'a secret of the tests', token_endpoint_auth_method: 'client_secret_basic' }),
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'] },
  features: { devInteractions: { enabled: false } },
  cookies: { keys: ['a key of the tests'] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...people.get(id), sub: id }) }),
  issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
});
provider.proxy = true;
const answer = provider.callback();

async function interact(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    const person = JSON.parse(params.login_hint);
    if (person.refuses) {
      return provider.interactionFinished(request, response, { error: 'access_denied' }, { mergeWithLastSubmission: false });
    }
    people.set(person.sub, person);
    return provider.interactionFinished(request, response, { login: { accountId: person.sub } });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const grantId = await grant.save();
  return provider.interactionFinished(request, response, { consent: { grantId } }, { mergeWithLastSubmission: true });
}

server.on('request', (request, response) => {
  if (!request.url.startsWith('/interaction/')) {
    return answer(request, response);
  }
  return interact(request, response).catch((error) => response.writeHead(500).end(String(error)));
});

const wrong = await listen(await forger());
console.log(JSON.stringify({ real: issuer, wrong }));
process.stdin.on('end', () => process.exit()).resume();
