/** A form as a blob: its size is known, and files are read when they are sent. */
import { uniqueId } from '../../pipeline/clock.ts';

export interface Multipart {
  readonly body: Blob;
  readonly contentType: string;
}

/** @see {@link https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data | HTML, multipart/form-data} */
export function multipart(form: FormData): Multipart {
  // As long as that of Node's `fetch`: some programs expect a body of a certain length.
  const boundary = `----holdfast-${uniqueId().replaceAll('-', '').slice(0, 19)}`;
  const parts = [...(form as unknown as Iterable<[string, string | File]>)].flatMap(([name, value]) => {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(withCrlf(name))}"`;
    if (typeof value === 'string') return [`${head}\r\n\r\n${withCrlf(value)}\r\n`];
    const type = value.type || 'application/octet-stream';
    return [`${head}; filename="${escaped(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`, value, '\r\n'];
  });
  return {
    body: new Blob([...parts, `--${boundary}--\r\n`]),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}

const withCrlf = (text: string): string => text.replace(/\r\n|\r|\n/g, '\r\n');

const escaped = (text: string): string =>
  text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
