"""A round trip with the generated client."""

import sys

from firma_client import AuthenticatedClient, Client
from firma_client.api.crm import create_company, get_company
from firma_client.api.identity import login
from firma_client.models import Company, Credentials, NewCompany, SignedIn, Size

url, email, password, organization = sys.argv[1:]

signed_in = login.sync(client=Client(base_url=url), body=Credentials(email=email, password=password))
assert isinstance(signed_in, SignedIn), signed_in
client = AuthenticatedClient(base_url=url, token=signed_in.access_token)

value = NewCompany(name="Made by Python", size=Size.SMALL, tags=["client"])
made = create_company.sync(organization, client=client, body=value)
assert isinstance(made, Company), made
found = get_company.sync(organization, made.id, client=client)
assert isinstance(found, Company), found
assert (found.name, found.size, found.tags, found.version) == (value.name, value.size, value.tags, 1), found
