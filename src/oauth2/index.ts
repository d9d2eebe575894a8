/**
 * OAuth 2.0 for typed clients: a token of the program's own, by client credentials. Needs the package `oauth4webapi`.
 *
 * @module holdfast/oauth2
 */
export { TokenError } from '../contract/errors.ts';
export { type ClientCredentialsOptions, oauth2ClientCredentials } from './client-credentials.ts';
