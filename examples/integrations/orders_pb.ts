/**
 * What protoc-gen-es makes of this service:
 *
 * ```proto
 * service Orders {
 *   rpc Get(google.protobuf.StringValue) returns (google.protobuf.StringValue) {
 *     option idempotency_level = NO_SIDE_EFFECTS;
 *   }
 *   rpc Pay(google.protobuf.StringValue) returns (google.protobuf.StringValue);
 *   rpc Watch(google.protobuf.StringValue) returns (stream google.protobuf.StringValue);
 * }
 * ```
 */
import { fileDesc, type GenFile, type GenService, serviceDesc } from '@bufbuild/protobuf/codegenv2';
import { file_google_protobuf_wrappers, type StringValueSchema } from '@bufbuild/protobuf/wkt';

type Text = typeof StringValueSchema;

const file_orders: GenFile = fileDesc(
  'CgxvcmRlcnMucHJvdG8SB3Nob3AudjEaHmdvb2dsZS9wcm90b2J1Zi93cmFwcGVycy5wcm90bzLaAQoGT3JkZXJzEkYKA0dldBIcLmdvb2dsZS5wcm90b2J1Zi5TdHJpbmdWYWx1ZRocLmdvb2dsZS5wcm90b2J1Zi5TdHJpbmdWYWx1ZSIDkAIBEkEKA1BheRIcLmdvb2dsZS5wcm90b2J1Zi5TdHJpbmdWYWx1ZRocLmdvb2dsZS5wcm90b2J1Zi5TdHJpbmdWYWx1ZRJFCgVXYXRjaBIcLmdvb2dsZS5wcm90b2J1Zi5TdHJpbmdWYWx1ZRocLmdvb2dsZS5wcm90b2J1Zi5TdHJpbmdWYWx1ZTABYgZwcm90bzM=',
  [file_google_protobuf_wrappers],
);

export const Orders: GenService<{
  get: { methodKind: 'unary'; input: Text; output: Text };
  pay: { methodKind: 'unary'; input: Text; output: Text };
  watch: { methodKind: 'server_streaming'; input: Text; output: Text };
}> = serviceDesc(file_orders, 0);
