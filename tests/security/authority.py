"""Certificates for the tests, made by openssl: an authority, and what it signs."""
import pathlib
import subprocess


def openssl(*arguments, **options):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, **options)


class Certificate:
    def __init__(self, folder, name):
        self.certificate, self.key = folder / f"{name}.crt", folder / f"{name}.key"


class Authority:
    """`root` is the file of those whom it signs for to be trusted."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.own = Certificate(self.folder, name)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", self.own.key, "-out", self.own.certificate)
        self.root = self.own.certificate

    def sign(self, name, common_name, alternatives="", days=1):
        """`days` below 0: it has expired."""
        signed = Certificate(self.folder, name)
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                f"/CN={common_name}", "-keyout", signed.key, "-out", request)
        extensions.write_text(f"subjectAltName={alternatives or 'DNS:' + common_name}\n", encoding="ascii")
        openssl("x509", "-req", "-in", request, "-CA", self.own.certificate, "-CAkey", self.own.key,
                "-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out", signed.certificate)
        signed.key.chmod(0o600)
        return signed
