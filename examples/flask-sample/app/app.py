from flask import Flask, jsonify

app = Flask(__name__)


@app.route("/")
def index():
    return jsonify({"msg": "Success!"})


if __name__ == "__main__":
    # Not how to serve an app in production, but how many samples do; it has to work too.
    app.run(host="0.0.0.0", port=1300, debug=True)
