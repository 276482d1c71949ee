/** The OpenAPI document as a page to read: plain HTML without scripts or anything from elsewhere. */
import { createHash } from "node:crypto";
import { ERRORS } from "../kernel/errors.ts";
import { outline, type Schema } from "./schema-outline.ts";

/** What the page shows of an OpenAPI document. */
export interface ApiDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: Schema;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --get: #1a7f37; --put: #9a6700; --post: #0969da; --delete: #cf222e }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem }
h2 { margin: 2rem 0 0 }
code, pre { font: 14px/1.45 ui-monospace, monospace }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; border-radius: 4px; margin: .5rem 0 }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .25rem .75rem }
summary { cursor: pointer; overflow-wrap: anywhere }
summary span { opacity: .75 }
b.m { display: inline-block; min-width: 4.5em; font: bold 13px ui-monospace, monospace }
b.get { color: var(--get) } b.put { color: var(--put) } b.post { color: var(--post) } b.delete { color: var(--delete) }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-top: 1px solid var(--line) }
`;

/** For the page's answer: nothing may be loaded or run, and of styles only the page's own. */
export const DOCS_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function docsPage(document: ApiDocument): string {
  const { title, version, description = "" } = document.info;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const parts = (document.tags ?? []).map(({ name, description: about = "" }) => {
    const own = operations.filter(({ operation }) => operation.tags?.includes(name) === true);
    return `<h2 id="${slug(name)}">${text(name)}</h2><p>${prose(about)}</p>${own.map(operationHtml).join("\n")}`;
  });
  const links = (document.tags ?? []).map(({ name }) => `<a href="#${slug(name)}">${text(name)}</a>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)} API</title>
<style>${STYLE}</style>
<h1>${text(title)} API ${text(version)}</h1>
${paragraphs(description)}
<p>The same for programs: <a href="openapi.json">openapi.json</a>. Parts: ${links.join(", ")},
<a href="#errors">errors</a>.</p>
${parts.join("\n")}
<h2 id="errors">Errors</h2>
<table><tr><th>Code<th>Status<th>Meaning</tr>
${Object.entries(ERRORS)
  .map(([code, { status, meaning }]) => `<tr><td><code>${code}</code><td>${status}<td>${prose(meaning)}</tr>`)
  .join("\n")}
</table>
</html>
`;
}

function operationHtml({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const { summary = "", description = "", parameters = [], requestBody, responses } = operation;
  const rows = parameters.map(
    (one) =>
      `<tr><td><code>${text(one.name)}</code><td>${text(one.in)}${one.required === true ? "" : ", optional"}` +
      `<td><code>${text(outline(one.schema ?? {}))}</code><td>${prose(one.description ?? "")}</tr>`,
  );
  return `<details>
<summary><b class="m ${text(method)}">${text(method.toUpperCase())}</b> <code>${text(path)}</code> <span>${prose(summary)}</span></summary>
${paragraphs(description)}
${rows.length === 0 ? "" : `<table><tr><th>Parameter<th>In<th>Type<th></tr>${rows.join("")}</table>`}
${requestBody === undefined ? "" : `<h4>Body</h4>${contentHtml(requestBody.content)}`}
<h4>Answers</h4>
${Object.entries(responses)
  .map(([status, one]) => `<p><b>${text(status)}</b> ${prose(one.description)}</p>${answerHtml(status, one.content)}`)
  .join("\n")}
</details>`;
}

/** Errors all look the same, which the end of the page tells. */
function answerHtml(status: string, content: Content | undefined): string {
  return content === undefined || !status.startsWith("2") ? "" : contentHtml(content);
}

function contentHtml(content: Content): string {
  return Object.entries(content)
    .map(([type, { schema = {} }]) => `<p><code>${text(type)}</code></p><pre>${text(outline(schema))}</pre>`)
    .join("\n");
}

function paragraphs(markdown: string): string {
  return markdown
    .split(/\n{2,}/)
    .filter((one) => one.trim() !== "")
    .map((one) => `<p>${prose(one)}</p>`)
    .join("\n");
}

/** Text in which back quotes mark code. */
function prose(markdown: string): string {
  return text(markdown).replace(/`([^`]+)`/g, "<code>$1</code>");
}

function text(raw: string): string {
  return raw.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function slug(name: string): string {
  return encodeURIComponent(name.toLowerCase());
}
