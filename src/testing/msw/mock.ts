/** One endpoint of a mocked service, as a test talks to it: what it was asked, and what it is to answer. */
import type { Content } from '../../contract/content.ts';
import type { Decoded, Plain, ReceivedBody } from '../../contract/infer.ts';
import type { AnswerOf, DataFor, HeadersFor, SampleFor, StatusOf } from './answer.ts';

/** What arrives as a body: a stream has been read as a whole. */
type BodyIn<Body> = Body extends Content<'stream'> ? Blob : ReceivedBody<Body>;

type GroupsIn<Options> = {
  readonly [Key in keyof Options & ('params' | 'query' | 'headers' | 'cookies' | 'body')]: Key extends 'body'
    ? BodyIn<Options[Key]>
    : Decoded<Options[Key]>;
};

/** A request that is what the contract says, in the program's form: the groups that are declared, and itself. */
export type ReceivedRequest<Options> = Plain<GroupsIn<Options> & { readonly request: Request }>;

/** Answers a request: as the contract declares, or with a response that is sent as it is. */
export type Answering<Options> = (
  received: ReceivedRequest<Options>,
) => AnswerOf<Options> | Response | Promise<AnswerOf<Options> | Response>;

/**
 * Scripts the answers of one endpoint. What is scripted once comes first, in the order in which it was written; then
 * what is scripted for good, of which the last counts; then an answer made from the schemas.
 */
export interface Mock<Options> {
  /** Answers from now on with what a function makes of each request, or with a response, sent as it is. */
  reply(answer: Answering<Options> | Response): this;
  /**
   * Answers from now on with a status.
   *
   * @param data - in the program's form; made from the schema if left out.
   * @throws TypeError for data or headers that are not what the contract says.
   */
  reply<const Status extends StatusOf<Options>>(
    status: Status,
    data?: DataFor<Options, Status>,
    headers?: HeadersFor<Options, Status>,
  ): this;
  /** As `reply`, but for one request. */
  replyOnce(answer: Answering<Options> | Response): this;
  replyOnce<const Status extends StatusOf<Options>>(
    status: Status,
    data?: DataFor<Options, Status>,
    headers?: HeadersFor<Options, Status>,
  ): this;
  /**
   * Fails from now on, as the network fails: `fetch` rejects.
   *
   * @param code - what the cause of the error says, such as `ECONNREFUSED`: by it a client tells what never arrived.
   */
  fail(code?: string): this;
  /** As `fail`, but for one request. */
  failOnce(code?: string): this;
  /** The requests so far that were what the contract says, oldest first. */
  readonly requests: readonly ReceivedRequest<Options>[];
  /**
   * The data that are made for a status: a start for data of your own, and the same for the same seed.
   *
   * @throws Error if none can be made.
   */
  sample<const Status extends StatusOf<Options>>(status: Status): Promise<SampleFor<Options, Status>>;
}
