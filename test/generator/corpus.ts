/** Documents of real services, beside the repository: too large to be in it. */
import { fileURLToPath } from 'node:url';

export const corpus =
  process.env.HOLDFAST_CORPUS ?? fileURLToPath(new URL('../../../shared/openapi/', import.meta.url));

/** How many operations each has at least. */
export const documents = {
  'petstore-expanded.yaml': 4,
  'swagger-petstore.yaml': 19,
  'fastapi-app.json': 12,
  'galaxy.yaml': 10,
  'k8s-apps.json': 77,
  'qdrant.json': 69,
  'stripe.yaml': 468,
  'digitalocean/DigitalOcean-public.v2.yaml': 500,
};
