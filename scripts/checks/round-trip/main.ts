// A round trip with the client that is made of types and a small library.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const [url = "", email = "", password = "", organization = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: url });

function told(problem: components["schemas"]["Problem"]): never {
  throw new Error(`${problem.code}: ${problem.detail}`);
}

const signedIn = await client.POST("/api/v1/auth/login", { body: { email, password } });
if (!signedIn.data) told(signedIn.error);
const token = signedIn.data.access_token;
client.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${token}`);
    return request;
  },
});

const value = { name: "Made by TypeScript", size: "small", tags: ["client"] } as const;
const made = await client.POST("/api/v1/organizations/{organization}/companies", {
  params: { path: { organization } },
  body: { ...value, tags: [...value.tags] },
});
if (!made.data) told(made.error);
const found = await client.GET("/api/v1/organizations/{organization}/companies/{id}", {
  params: { path: { organization, id: made.data.id } },
});
if (!found.data) throw new Error("it is not there");
const { name, size, tags, version } = found.data;
if (name !== value.name || size !== value.size || tags[0] !== value.tags[0] || version !== 1) {
  throw new Error(JSON.stringify(found.data));
}
